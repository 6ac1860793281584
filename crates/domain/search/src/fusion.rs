//! Fusion: one list of what words found and of what is near in meaning. Pure.
//!
//! A convex combination of both scores, each brought to one scale, which ranks better than the sum of
//! reciprocal ranks does (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
//! 2023), as a prototype outside this repository did on two collections: ranks forget by how much a
//! row is better than the next. The rank by words decides ties.
//!
//! Far down nothing is much better than the next, and a sum of scores keeps rows out that one half alone
//! has found. There the reciprocal ranks are summed (RRF; Cormack, Clarke & Büttcher, SIGIR 2009), which
//! finds more.

/// What is taken off similarities before they are scaled, as a share of the least that is known of a
/// model: between none (a model whose texts are all alike would tell nothing) and all of it (the worst
/// of a good list would count as nothing).
const FLOOR: f64 = 0.5;
/// So many rows come in the order of their scores, the others in that of their reciprocal ranks. Any number
/// that holds the first page does as well.
const HEAD: usize = 50;
/// The constant of reciprocal ranks, as their authors chose it.
const K: f64 = 60.0;

/// A row of the list by words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Heard {
    /// What its words say for it; 0 where it wasn't found by words.
    pub(crate) words: f64,
    /// Whether it was found by words.
    pub(crate) by_words: bool,
    /// Which model tells its meaning; `None` where none does. Similarities of different models are
    /// never held against each other.
    pub(crate) model: Option<usize>,
    /// How near it is, where that is known.
    pub(crate) similarity: Option<f64>,
}

/// A row of the fused list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fused {
    /// Its place in the list by words, from 0.
    pub(crate) row: usize,
    /// 0–1, never rising along the list.
    pub(crate) score: f64,
    /// What its words say for it.
    pub(crate) words: Option<f64>,
    /// How near it is, as the model tells.
    pub(crate) meaning: Option<f64>,
    /// Its place among those that were found by words, from 1.
    pub(crate) by_words: Option<usize>,
    /// Its place by nearness, from 1.
    pub(crate) by_meaning: Option<usize>,
}

/// How a model's similarities are scaled.
#[derive(Debug, Clone, Copy)]
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn of(rows: &[Heard], model: usize) -> Option<Self> {
        let known = rows.iter().filter(|row| row.model == Some(model)).filter_map(|row| row.similarity);
        known.fold(None, |scale: Option<Self>, similarity| {
            let Self { least, most } = scale.unwrap_or(Self { least: similarity, most: similarity });
            Some(Self { least: least.min(similarity), most: most.max(similarity) })
        })
    }

    /// 0–1; what isn't known is no nearer than the farthest that is.
    fn share(self, similarity: Option<f64>) -> f64 {
        let base = if self.least > 0.0 { self.least * FLOOR } else { self.least };
        let range = self.most - base;
        let above = similarity.unwrap_or(self.least) - base;
        if range > f64::EPSILON { (above / range).clamp(0.0, 1.0) } else { 1.0 }
    }
}

/// The rows in the order in which words and meaning together put them. `rows` come in the order of the
/// words; `ratio`, 0–1, is the weight of meaning.
///
/// With a ratio of 0 that is the order they came in, with 1 that of nearness, what isn't known to be
/// near following in the order of the words. Rows of which no model tells anything are placed by
/// their words alone, as if their meaning said the same.
pub(crate) fn fuse(rows: &[Heard], ratio: f64) -> Vec<Fused> {
    let models = rows.iter().filter_map(|row| row.model).max().map_or(0, |last| last + 1);
    let scales: Vec<Option<Scale>> = (0..models).map(|model| Scale::of(rows, model)).collect();
    let best = rows.iter().map(|row| row.words).fold(0.0, f64::max);
    let share_of_words = |row: &Heard| if best > 0.0 { (row.words / best).clamp(0.0, 1.0) } else { 0.0 };
    // So that a list none of whose rows fits well doesn't look like one whose best fits perfectly.
    let nearest = scales.iter().flatten().map(|scale| scale.most).fold(0.0, f64::max).clamp(0.0, 1.0);
    let has_meaning = scales.iter().any(Option::is_some);
    let strength = if has_meaning { (1.0 - ratio) * best + ratio * nearest } else { best };
    let score = |row: &Heard| {
        let words = share_of_words(row);
        let scale = row.model.and_then(|model| scales[model]);
        let meaning = scale.map_or(words, |scale| scale.share(row.similarity));
        ((1.0 - ratio) * words + ratio * meaning) * strength
    };
    let mut fused: Vec<Fused> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| Fused {
            row: at,
            score: score(row),
            words: row.by_words.then_some(row.words),
            meaning: row.similarity,
            by_words: None,
            by_meaning: None,
        })
        .collect();
    for (place, row) in (1..).zip(fused.iter_mut().filter(|row| row.words.is_some())) {
        row.by_words = Some(place);
    }
    // Of different models the shares are compared, never the similarities.
    let nearness = |at: usize| {
        let scale = rows[at].model.and_then(|model| scales[model]);
        scale.map_or(0.0, |scale| scale.share(rows[at].similarity))
    };
    let mut near: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].similarity.is_some()).collect();
    near.sort_by(|a, b| nearness(*b).total_cmp(&nearness(*a)));
    for (place, at) in (1..).zip(near) {
        fused[at].by_meaning = Some(place);
    }
    let tie = |a: &Fused, b: &Fused| {
        let is_far = |row: &Fused| row.meaning.is_none();
        is_far(a).cmp(&is_far(b)).then(a.row.cmp(&b.row))
    };
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| tie(a, b)));
    let (head, tail) = fused.split_at_mut(HEAD.min(rows.len()));
    let reciprocal = |row: &Fused| {
        let by_meaning = if rows[row.row].model.is_none() { row.by_words } else { row.by_meaning };
        let of = |place: Option<usize>| place.map_or(0.0, |place| 1.0 / (K + place as f64));
        (1.0 - ratio) * of(row.by_words) + ratio * of(by_meaning)
    };
    tail.sort_by(|a, b| reciprocal(b).total_cmp(&reciprocal(a)).then_with(|| tie(a, b)));
    let mut above = head.last().map_or(1.0, |last| last.score);
    for row in tail {
        row.score = row.score.min(above);
        above = row.score;
    }
    fused
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(words: f64, similarity: impl Into<Option<f64>>) -> Heard {
        Heard { words, by_words: words > 0.0, model: Some(0), similarity: similarity.into() }
    }

    fn order(rows: &[Heard], ratio: f64) -> Vec<usize> {
        fuse(rows, ratio).into_iter().map(|row| row.row).collect()
    }

    #[test]
    fn what_both_put_high_comes_first() {
        let rows = [row(0.9, 0.1), row(0.8, 0.8), row(0.2, 0.9)];
        assert_eq!(order(&rows, 0.5), [1, 2, 0]);
    }

    #[test]
    fn the_ratio_goes_from_words_alone_to_meaning_alone() {
        let rows = [row(0.9, 0.1), row(0.5, None), row(0.4, None), row(0.3, 0.5), row(0.0, 0.9)];
        assert_eq!(order(&rows, 0.0), [0, 1, 2, 3, 4]);
        assert_eq!(order(&rows, 1.0), [4, 3, 0, 1, 2], "what is not known to be near follows by its words");
    }

    #[test]
    fn without_meaning_the_list_is_that_of_the_words_score_for_score() {
        let rows = [0.7, 0.4, 0.1].map(|words| Heard { model: None, ..row(words, None) });
        for ratio in [0.0, 0.5, 1.0] {
            let fused = fuse(&rows, ratio);
            assert!(fused.iter().map(|row| row.row).eq(0..3));
            assert!(fused.iter().zip(&rows).all(|(fused, row)| (fused.score - row.words).abs() < 1e-9));
        }
    }

    #[test]
    fn similarities_of_two_models_are_each_scaled_by_their_own() {
        // The second calls everything near; its nearest is as good as the first's nearest.
        let of = |model, words, similarity| Heard { model: Some(model), ..row(words, similarity) };
        let rows = [of(0, 0.5, 0.6), of(1, 0.5, 0.85), of(0, 0.5, 0.2), of(1, 0.5, 0.95)];
        let fused = fuse(&rows, 0.5);
        let place = |row: usize| fused.iter().position(|fused| fused.row == row).unwrap();
        assert!(place(0) < place(1) && place(3) < place(1));
    }

    #[test]
    fn a_database_without_a_model_is_neither_put_up_nor_down() {
        let plain = |words| Heard { model: None, ..row(words, None) };
        let rows = [row(0.9, 0.9), plain(0.8), row(0.5, 0.5), plain(0.1)];
        assert_eq!(order(&rows, 0.5), [0, 1, 2, 3]);
    }

    #[test]
    fn each_half_tells_its_own_places() {
        let fused = fuse(&[row(0.9, 0.1), row(0.0, 0.8), row(0.3, None)], 0.5);
        let of = |row: usize| fused.iter().find(|fused| fused.row == row).unwrap();
        assert_eq!((of(0).by_words, of(0).by_meaning), (Some(1), Some(2)));
        assert_eq!((of(1).by_words, of(1).by_meaning, of(1).words), (None, Some(1), None));
        assert_eq!((of(2).by_words, of(2).by_meaning, of(2).meaning), (Some(2), None, None));
    }

    #[test]
    fn beyond_the_head_neither_half_keeps_the_other_out() {
        let step = |at: u32| f64::from(at) / 1_000.0;
        let both = (0..50).map(|at| row(1.0 - step(at), 0.9));
        let by_words = (0..100).map(|at| row(0.2 - step(at), None));
        let by_meaning = (0..100).map(|at| row(0.0, 0.8 - step(at)));
        let rows: Vec<Heard> = both.chain(by_words).chain(by_meaning).collect();
        let fused = fuse(&rows, 0.5);
        let of_words = fused[HEAD..HEAD + 100].iter().filter(|row| row.words.is_some()).count();
        assert_eq!(of_words, 50);
        let of = |ratio| fuse(&rows, ratio).into_iter().map(|row| row.row);
        assert!(of(0.0).eq(0..250), "words alone");
        assert!(of(1.0).eq((0..50).chain(150..250).chain(50..150)), "meaning alone");
    }

    fn rows(most: usize) -> impl Strategy<Value = Vec<Heard>> {
        let row =
            (0.0..1.0_f64, any::<bool>(), prop::option::of(0..2_usize), prop::option::of(-1.0..1.0_f64));
        let heard = row.prop_map(|(words, by_words, model, similarity)| Heard {
            words: if by_words { words } else { 0.0 },
            by_words,
            model,
            similarity: model.and(similarity),
        });
        prop::collection::vec(heard, 0..most).prop_map(|mut rows| {
            rows.sort_by(|a, b| b.words.total_cmp(&a.words));
            rows
        })
    }

    proptest! {
        #[test]
        fn every_row_comes_once_with_a_score_that_never_rises(rows in rows(3 * HEAD), ratio in 0.0..=1.0_f64) {
            let fused = fuse(&rows, ratio);
            let mut all: Vec<_> = fused.iter().map(|row| row.row).collect();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..rows.len()));
            prop_assert!(fused.windows(2).all(|pair| pair[0].score >= pair[1].score));
            prop_assert!(fused.iter().all(|row| (0.0..=1.0).contains(&row.score)));
        }

        #[test]
        fn more_of_either_never_puts_a_row_down(
            mut rows in rows(HEAD),
            at in 0..HEAD,
            similarity in -1.0..1.0_f64,
            ratio in 0.0..=1.0_f64,
        ) {
            prop_assume!(!rows.is_empty());
            let at = at % rows.len();
            (rows[at].model, rows[at].similarity) = (Some(0), Some(similarity));
            let place = |rows: &[Heard]| fuse(rows, ratio).iter().position(|row| row.row == at);
            let mut nearer = rows.clone();
            nearer[at].similarity = Some(1.0);
            prop_assert!(place(&nearer) <= place(&rows));
        }
    }
}
