//! Sets with judgements, as BEIR writes them: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`.

use std::{collections::HashMap, fs, path::Path};

use serde_json::Value;

use crate::times::Outcome;

/// A document; its number is its place in the set.
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// A query that has judgements.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// A collection, its queries, and what was judged relevant to them.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) documents: Vec<Document>,
    pub(crate) queries: Vec<Query>,
    /// For each query the documents that are relevant, and how much.
    judgements: HashMap<String, HashMap<usize, f64>>,
}

/// Means over the queries of a set.
pub(crate) struct Measures {
    /// Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), at 10, the
    /// gain being the judgement, as `trec_eval` computes it.
    pub(crate) ndcg: f64,
    /// Which share of the relevant documents is among the first hundred.
    pub(crate) recall: f64,
    /// One over the place of the first relevant document among the first hundred.
    pub(crate) mrr: f64,
}

impl Set {
    /// The sets in a folder, those named if any are, by name.
    pub(crate) fn all(folder: &Path, wanted: &[String]) -> Outcome<Vec<Self>> {
        let mut sets = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.join("qrels.tsv").exists() && (wanted.is_empty() || wanted.contains(&name)) {
                sets.push(Self::read(&path, name)?);
            }
        }
        sets.sort_by(|a, b| a.name.cmp(&b.name));
        if sets.is_empty() { Err("no set there".into()) } else { Ok(sets) }
    }

    fn read(folder: &Path, name: String) -> Outcome<Self> {
        let mut documents = Vec::new();
        let mut numbers = HashMap::new();
        for line in lines(&folder.join("corpus.jsonl"))? {
            numbers.insert(text(&line, "_id"), documents.len());
            documents.push(Document { title: text(&line, "title"), text: text(&line, "text") });
        }
        let mut judgements: HashMap<String, HashMap<usize, f64>> = HashMap::new();
        for line in fs::read_to_string(folder.join("qrels.tsv"))?.lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            let [query, document, score] = cells[..] else { continue };
            let score: f64 = score.trim().parse()?;
            if let Some(number) = numbers.get(document).filter(|_| score > 0.0) {
                judgements.entry(query.to_owned()).or_default().insert(*number, score);
            }
        }
        let queries = lines(&folder.join("queries.jsonl"))?
            .iter()
            .map(|line| Query { id: text(line, "_id"), text: text(line, "text") })
            .filter(|query| judgements.contains_key(&query.id))
            .collect();
        Ok(Self { name, documents, queries, judgements })
    }

    /// How good these lists are, by query.
    pub(crate) fn measure(&self, lists: &HashMap<&str, &Vec<usize>>) -> Measures {
        let mut sums = Measures { ndcg: 0.0, recall: 0.0, mrr: 0.0 };
        for query in &self.queries {
            let relevant = &self.judgements[&query.id];
            let list = lists[query.id.as_str()];
            let gain = |document: &usize| relevant.get(document).copied().unwrap_or_default();
            let mut best: Vec<f64> = relevant.values().copied().collect();
            best.sort_by(|a, b| b.total_cmp(a));
            sums.ndcg += discounted(list.iter().map(gain)) / discounted(best.into_iter());
            let found = list.iter().take(100).filter(|document| relevant.contains_key(document)).count();
            sums.recall += found as f64 / relevant.len() as f64;
            let first = list.iter().take(100).position(|document| relevant.contains_key(document));
            sums.mrr += first.map_or(0.0, |at| 1.0 / (at as f64 + 1.0));
        }
        let queries = self.queries.len() as f64;
        Measures { ndcg: sums.ndcg / queries, recall: sums.recall / queries, mrr: sums.mrr / queries }
    }
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    gains.take(10).enumerate().map(|(at, gain)| gain / (at as f64 + 2.0).log2()).sum()
}

fn lines(path: &Path) -> Outcome<Vec<Value>> {
    fs::read_to_string(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn text(line: &Value, field: &str) -> String {
    line[field].as_str().unwrap_or_default().to_owned()
}
