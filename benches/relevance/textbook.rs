//! BM25 as textbooks have it, over every document: what re-scoring of candidates is held against.
//!
//! Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with
//! k₁ = 1.2 and b = 0.75, title and text as one, English stems and no stop words.

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

use crate::sets::Document;

const K1: f64 = 1.2;
const B: f64 = 0.75;
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

pub(crate) struct Bm25 {
    /// For each stem the documents that have it, and how often.
    postings: HashMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
}

impl Bm25 {
    pub(crate) fn over(documents: &[Document]) -> Self {
        let mut postings: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(documents.len());
        for (at, document) in documents.iter().enumerate() {
            let stems = stems(&format!("{} {}", document.title, document.text));
            lengths.push(stems.len() as f64);
            let mut counts: HashMap<String, f64> = HashMap::new();
            for stem in stems {
                *counts.entry(stem).or_default() += 1.0;
            }
            for (stem, count) in counts {
                postings.entry(stem).or_default().push((at, count));
            }
        }
        Self { postings, lengths }
    }

    /// The best documents, best first.
    pub(crate) fn search(&self, query: &str, limit: usize) -> Vec<usize> {
        let documents = self.lengths.len() as f64;
        let average = self.lengths.iter().sum::<f64>() / documents;
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for stem in stems(query) {
            let Some(postings) = self.postings.get(&stem) else { continue };
            let holding = postings.len() as f64;
            let idf = (1.0 + (documents - holding + 0.5) / (holding + 0.5)).ln();
            for (at, count) in postings {
                let norm = K1 * (1.0 - B + B * self.lengths[*at] / average);
                *scores.entry(*at).or_default() += idf * count * (K1 + 1.0) / (count + norm);
            }
        }
        let mut list: Vec<(usize, f64)> = scores.into_iter().collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        list.into_iter().take(limit).map(|(at, _)| at).collect()
    }
}

fn stems(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| !STOP_WORDS.contains(word)).map(|word| stemmer.stem(word).into_owned()).collect()
}
