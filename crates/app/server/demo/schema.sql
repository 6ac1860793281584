-- The demo's sample: a help centre as a small company might keep it, with a full-text index for
-- each table (FTS5 over the table's own rows: nothing is stored twice).

CREATE TABLE articles (
    id         INTEGER PRIMARY KEY,
    title      VARCHAR(200) NOT NULL,
    category   VARCHAR(60)  NOT NULL,
    product    VARCHAR(60),
    body       TEXT         NOT NULL,
    updated_at DATE         NOT NULL
);

CREATE TABLE products (
    id          INTEGER PRIMARY KEY,
    sku         VARCHAR(20)   NOT NULL UNIQUE,
    name        VARCHAR(100)  NOT NULL,
    category    VARCHAR(60)   NOT NULL,
    description TEXT          NOT NULL,
    price       DECIMAL(8, 2) NOT NULL,
    in_stock    BOOLEAN       NOT NULL,
    released_on DATE          NOT NULL
);

CREATE TABLE tickets (
    id         INTEGER PRIMARY KEY,
    subject    VARCHAR(200) NOT NULL,
    body       TEXT         NOT NULL,
    status     VARCHAR(20)  NOT NULL,
    priority   VARCHAR(20)  NOT NULL,
    product    VARCHAR(60),
    customer   VARCHAR(60)  NOT NULL,
    resolution TEXT,
    created_at DATETIME     NOT NULL
);

CREATE VIRTUAL TABLE articles_fts USING fts5 (
    title, category, product, body,
    content = 'articles', content_rowid = 'id', tokenize = 'porter unicode61'
);

CREATE VIRTUAL TABLE products_fts USING fts5 (
    name, category, description,
    content = 'products', content_rowid = 'id', tokenize = 'porter unicode61'
);

CREATE VIRTUAL TABLE tickets_fts USING fts5 (
    subject, product, body, resolution,
    content = 'tickets', content_rowid = 'id', tokenize = 'porter unicode61'
);
