//! Ranking: BM25F over the candidates of all tables and databases together, so that scores can be
//! compared, and one strictly falling list of them.
//!
//! BM25F as in Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond"
//! (2009), section 3.6: term frequencies are weighted by field and normalised by the field's length
//! before they saturate. How often words occur is known of whole tables where it can be (see
//! [`vocabulary`](crate::vocabulary)), else told from the candidates.

mod proximity;

use self::proximity::Pairs;
use crate::{terms::Finder, text::words};

/// How quickly a word's repetitions stop to count.
const K1: f64 = 1.2;
/// How much a long field weakens its words.
const B: f64 = 0.75;
/// What a row scores at the most that its server found and no word of which is seen here (another
/// stemming, a match beyond what was read), as a share of the list's range.
const UNSEEN_SHARE: f64 = 0.01;
/// How much nearer to the best score a row comes that is called exactly as the query.
const TITLE_SHARE: f64 = 0.2;
/// Scores have six decimals, and neighbours differ by one of them at least.
const STEP: f64 = 1e-6;

/// What is known of a row for ranking.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowWords {
    /// For each searched field, how many words it has.
    lengths: Vec<u32>,
    /// For each field and each term, how often it occurs: `field * terms + term`.
    counts: Vec<u32>,
    /// Which terms stand near which.
    pairs: Pairs,
    /// Whether some short field is the whole query and nothing else.
    is_title: bool,
}

impl RowWords {
    /// Counts the words of a row's searched fields; `None` for fields without text.
    pub(crate) fn count<'a>(fields: impl Iterator<Item = Option<&'a str>>, finder: &mut Finder<'_>) -> Self {
        let mut counted = Self::default();
        for field in fields {
            let base = counted.counts.len();
            counted.counts.resize(base + finder.terms(), 0);
            let (mut length, mut matched) = (0, 0);
            let text = field.unwrap_or_default();
            let mut before: Option<(usize, &str)> = None;
            counted.pairs.begin_field();
            for span in words(text) {
                let word = &text[span.start..span.end];
                let joined = before
                    .filter(|(end, _)| span.start - end == 1 && text.as_bytes()[*end] == b'-')
                    .and_then(|(_, first)| finder.find_joined(first, word));
                if let Some(term) = joined {
                    counted.counts[base + term] += 1;
                }
                if let Some(term) = finder.find(word) {
                    counted.counts[base + term] += 1;
                    counted.pairs.add(term, length);
                    matched += 1;
                }
                length += 1;
                before = Some((span.end, word));
            }
            let has_all = || counted.counts[base..].iter().all(|count| *count > 0);
            counted.is_title |= length > 0 && matched == length && has_all();
            counted.lengths.push(length);
        }
        counted
    }

    /// The fields in which some term occurs.
    pub(crate) fn matched_fields(&self) -> impl Iterator<Item = usize> + '_ {
        let terms = self.counts.len().checked_div(self.lengths.len()).unwrap_or_default();
        (0..self.lengths.len()).filter(move |field| {
            self.counts[field * terms..(field + 1) * terms].iter().any(|count| *count > 0)
        })
    }

    /// Forgets what was counted of a term in a field where it doesn't count.
    pub(crate) fn keep(&mut self, counts: impl Fn(usize, usize) -> bool) {
        let terms = self.counts.len().checked_div(self.lengths.len()).unwrap_or_default();
        for (at, count) in self.counts.iter_mut().enumerate() {
            if !counts(at / terms, at % terms) {
                *count = 0;
            }
        }
    }

    fn has(&self, term: usize, terms: usize) -> bool {
        self.counts.iter().skip(term).step_by(terms.max(1)).any(|count| *count > 0)
    }
}

/// The candidates of one table.
#[derive(Debug)]
pub(crate) struct RankedTable {
    /// For each searched field, how much a word in it counts.
    pub(crate) weights: Vec<f64>,
    /// Of how many rows the candidates were taken, where nothing else is known.
    pub(crate) population: u64,
    /// What is known of the whole table.
    pub(crate) known: Option<Known>,
    /// The candidates: their words and the server's own score.
    pub(crate) rows: Vec<(RowWords, f64)>,
}

/// What is known of a whole table.
#[derive(Debug)]
pub(crate) struct Known {
    /// How many rows it has.
    pub(crate) rows: f64,
    /// How many of them hold each term.
    pub(crate) holding: Vec<f64>,
    /// How many words each searched field has on the average.
    pub(crate) lengths: Vec<f64>,
}

/// A row's place in the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    /// Which table.
    pub(crate) table: usize,
    /// Which of its rows.
    pub(crate) row: usize,
    /// 0–1, strictly falling along the list.
    pub(crate) score: f64,
}

/// All rows of all tables, best first. Ties fall by the server's score, then by the order given.
/// `weights` are those of the terms; a term of less than 0 counts against a row.
pub(crate) fn rank(tables: &[RankedTable], weights: &[f64]) -> Vec<Placed> {
    let mut idf = inverse_document_frequencies(tables, weights.len());
    for (idf, weight) in idf.iter_mut().zip(weights) {
        *idf *= weight;
    }
    // What counts against a row says nothing of the rows that it could be at best.
    let wanted: Vec<f64> = idf.iter().map(|idf| idf.max(0.0)).collect();
    let best: f64 = wanted.iter().sum::<f64>() + proximity::best(&wanted);
    let mut placed = Vec::with_capacity(tables.iter().map(|table| table.rows.len()).sum());
    for (at, table) in tables.iter().enumerate() {
        let average = average_lengths(table);
        let top = table.rows.iter().map(|(_, server)| *server).fold(f64::MIN_POSITIVE, f64::max);
        for (row, (counted, server)) in table.rows.iter().enumerate() {
            let words = bm25f(counted, &table.weights, &average, &idf) + counted.pairs.score(&wanted);
            let share = if best > 0.0 { (words / best).max(0.0) } else { 0.0 };
            // What is called as the query is what is looked for, more likely than not.
            let share = if counted.is_title { share + TITLE_SHARE * (1.0 - share) } else { share };
            // The server's opinion breaks ties and orders what is not seen here.
            let unseen = UNSEEN_SHARE * (server / top).clamp(0.0, 1.0);
            placed.push(Placed { table: at, row, score: share * (1.0 - UNSEEN_SHARE) + unseen });
        }
    }
    placed.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut above = 1.0 + STEP;
    // Rows that no word speaks for, such as those of a lone `NOT`, leave room for one another.
    let mut left = placed.len();
    for place in &mut placed {
        place.score = step_below(place.score.max(left as f64 * STEP), above);
        above = place.score;
        left -= 1;
    }
    placed
}

/// What a row scores by its own words alone, 0–1: the same in whatever company it is found.
pub(crate) fn alone(row: &RowWords, fields: &[f64], weights: &[f64]) -> f64 {
    let average: Vec<f64> = row.lengths.iter().map(|length| f64::from(*length)).collect();
    let best: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
    let words = bm25f(row, fields, &average, weights);
    let share = if best > 0.0 { (words / best).clamp(0.0, 1.0) } else { 0.0 };
    (share / STEP).round() / 1e6
}

/// `score` with six decimals, and under `above` by one of them at least.
pub(crate) fn step_below(score: f64, above: f64) -> f64 {
    let steps = (score / STEP).round().min((above / STEP).round() - 1.0).max(0.0);
    // Divided rather than multiplied: so the decimal number is the nearest one there is.
    steps / 1e6
}

fn bm25f(row: &RowWords, weights: &[f64], average: &[f64], idf: &[f64]) -> f64 {
    let terms = idf.len();
    let strength = |term: usize| -> f64 {
        row.lengths
            .iter()
            .enumerate()
            .map(|(field, length)| {
                let count = f64::from(row.counts[field * terms + term]);
                let relative = f64::from(*length) / average[field];
                weights[field] * count / (1.0 - B + B * relative)
            })
            .filter(|strength| strength.is_finite())
            .sum()
    };
    idf.iter().enumerate().map(|(term, idf)| idf * saturated(strength(term))).sum()
}

fn saturated(strength: f64) -> f64 {
    strength / (K1 + strength)
}

/// ln(1 + (N − n + ½) / (n + ½)), which is never negative. N and n are sums over the tables: of the
/// whole table where that is known, else of the candidates and what they stand for (a table that
/// gave all its matches counts with all its rows).
fn inverse_document_frequencies(tables: &[RankedTable], terms: usize) -> Vec<f64> {
    let seen = |table: &RankedTable| table.population.max(table.rows.len() as u64) as f64;
    let population: f64 = tables
        .iter()
        .map(|table| table.known.as_ref().map_or(0.0, |known| known.rows).max(seen(table)))
        .sum();
    let holding = |table: &RankedTable, term: usize| {
        let seen = table.rows.iter().filter(|(counted, _)| counted.has(term, terms)).count() as f64;
        let known = table.known.as_ref().and_then(|known| known.holding.get(term));
        known.copied().unwrap_or_default().max(seen)
    };
    (0..terms)
        .map(|term| {
            let holding: f64 = tables.iter().map(|table| holding(table, term)).sum();
            (1.0 + (population - holding + 0.5).max(0.5) / (holding + 0.5)).ln()
        })
        .collect()
}

fn average_lengths(table: &RankedTable) -> Vec<f64> {
    if let Some(known) = table.known.as_ref().filter(|known| known.lengths.len() == table.weights.len()) {
        return known.lengths.clone();
    }
    let rows = table.rows.len().max(1) as f64;
    (0..table.weights.len())
        .map(|field| {
            let all: f64 = table.rows.iter().map(|(counted, _)| f64::from(counted.lengths[field])).sum();
            (all / rows).max(1.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::Terms;

    fn table(terms: &Terms, rows: &[[&str; 2]]) -> RankedTable {
        let rows = rows
            .iter()
            .map(|fields| (RowWords::count(fields.iter().map(|text| Some(*text)), &mut terms.finder()), 1.0))
            .collect();
        RankedTable { weights: vec![3.0, 1.0], population: 1_000, known: None, rows }
    }

    fn order(query: &str, rows: &[[&str; 2]]) -> Vec<usize> {
        let terms = Terms::of(query, &[]);
        rank(&[table(&terms, rows)], &vec![1.0; terms.len()]).into_iter().map(|place| place.row).collect()
    }

    #[test]
    fn a_row_with_more_of_the_words_comes_first() {
        let rows = [["notes", "about a router"], ["notes", "about resetting a router"]];
        assert_eq!(order("reset router", &rows), [1, 0]);
    }

    #[test]
    fn a_word_in_the_title_counts_more_than_one_in_the_text() {
        let rows = [["other things", "a router"], ["a router", "other things"]];
        assert_eq!(order("router", &rows), [1, 0]);
    }

    #[test]
    fn a_rare_word_counts_more_than_a_common_one() {
        let rows = [["x", "lamp one"], ["x", "lamp two"], ["x", "lamp three"], ["x", "ballast four"]];
        assert_eq!(order("lamp ballast", &rows)[0], 3);
    }

    #[test]
    fn repetition_saturates_and_length_weakens() {
        let long = format!("router {}", "filler ".repeat(200));
        let rows = [["x", long.as_str()], ["x", "router here"]];
        assert_eq!(order("router", &rows), [1, 0]);
    }

    #[test]
    fn scores_fall_strictly_within_zero_and_one_also_for_equal_rows() {
        let terms = Terms::of("same", &[]);
        let rows = vec![["same", "same"]; 500];
        let placed = rank(&[table(&terms, &rows)], &vec![1.0; terms.len()]);
        assert!(placed.windows(2).all(|pair| pair[0].score > pair[1].score));
        assert!(placed.iter().all(|place| (0.0..=1.0).contains(&place.score)));
        assert!(placed.iter().map(|place| place.row).eq(0..500), "ties keep the order given");
    }

    #[test]
    fn what_the_server_found_by_other_means_is_kept_and_comes_last() {
        let rows = [["nothing", "seen here"], ["the word", "is here"]];
        assert_eq!(order("word", &rows), [1, 0]);
    }

    #[test]
    fn rows_of_different_tables_are_compared_by_one_measure() {
        let terms = Terms::of("reset router", &[]);
        let both = table(&terms, &[["reset router", "how to reset the router"]]);
        let one = table(&terms, &[["router", "colours"], ["router", "sizes"]]);
        let placed = rank(&[one, both], &vec![1.0; terms.len()]);
        assert_eq!((placed[0].table, placed[0].row), (1, 0));
    }
}
