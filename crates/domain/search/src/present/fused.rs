//! The ranked rows in the order in which words and meaning together put them.

use super::{Head, Shown};
use crate::{
    Ranking,
    fusion::{Heard, fuse},
    gather::Gathered,
    rank::step_below,
};

impl Head {
    /// The rows in their order, and whether each was found by words.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Shown, bool)> {
        self.shown.iter().zip(self.by_words.iter().copied())
    }

    /// The same rows in the order in which words and meaning together put them.
    pub(crate) fn fused(self, gathered: &[Gathered], ratio: f64) -> Self {
        let heard = |(shown, by_words): (&Shown, bool)| {
            let nearness = shown.table(gathered).nearness.as_ref();
            Heard {
                words: if by_words { shown.score() } else { 0.0 },
                by_words,
                model: nearness.map(|nearness| nearness.model),
                similarity: nearness
                    .and_then(|nearness| nearness.similarity.get(shown.row).copied().flatten()),
            }
        };
        let rows: Vec<Heard> = self.rows().map(heard).collect();
        let mut above = 1.0 + 1e-6;
        let (mut shown, mut by_words) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for fused in fuse(&rows, ratio) {
            // Rows far down may stand closer than scores have decimals.
            let stepped = step_below(fused.score, above);
            above = if stepped > 0.0 { stepped } else { above / 2.0 };
            let ranking = Ranking {
                words: fused.words,
                meaning: fused.meaning.map(|meaning| meaning.clamp(0.0, 1.0)),
                words_place: fused.by_words,
                meaning_place: fused.by_meaning,
            };
            shown.push(Shown { score: Some(above), ranking: Some(ranking), ..self.shown[fused.row] });
            by_words.push(self.by_words[fused.row]);
        }
        Self { shown, by_words, ..self }
    }
}
