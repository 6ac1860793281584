-- Fills the full-text indexes from the rows, and the statistics that planners and row counts use.

INSERT INTO articles_fts (articles_fts) VALUES ('rebuild');
INSERT INTO products_fts (products_fts) VALUES ('rebuild');
INSERT INTO tickets_fts (tickets_fts) VALUES ('rebuild');
ANALYZE;
