//! Cases about what is near.

use std::collections::HashSet;

use super::steps::{
    PRECISION, any_number, any_vector, collection, content, entry, key, nearest, put, rows, vector,
};
use crate::{
    RowKey, Vector, VectorEntry,
    testkit::{VectorIndexSubject, dice::Dice},
};

/// With the cosine, from one end to the other.
pub async fn the_nearest_come_first(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let entries = vec![
        entry("opposite", 1, &[-2.0, 0.0]),
        entry("same", 2, &[5.0, 0.0]),
        entry("across", 3, &[0.0, 1.0]),
        entry("beside", 4, &[4.0, 3.0]),
    ];
    put(index, 1, entries).await;
    let near = nearest(index, 1, &vector(&[1.0, 0.0]), 10).await;
    let keys: Vec<_> = near.iter().map(|near| near.key.clone()).collect();
    assert_eq!(keys, ["same", "beside", "across", "opposite"].map(key));
    for (near, cosine) in near.iter().zip([1.0, 0.8, 0.0, -1.0]) {
        assert!((near.similarity - cosine).abs() < PRECISION, "{near:?}");
        assert!((-1.0..=1.0).contains(&near.similarity), "{near:?}");
    }
}

/// None, one, all there are.
pub async fn no_more_are_found_than_were_asked_for(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let mut dice = Dice::new(21);
    put(index, 1, rows(&mut dice, 0, 30, 8)).await;
    let to = any_vector(&mut dice, 8);
    for (limit, expected) in [(0, 0), (1, 1), (10, 10), (30, 30), (500, 30)] {
        let near = nearest(index, 1, &to, limit).await;
        let keys: HashSet<_> = near.into_iter().map(|near| near.key).collect();
        assert_eq!(keys.len(), expected, "of {limit}");
    }
}

/// Rows with the same text have the same vector; none hides another.
pub async fn those_that_are_alike_are_all_found(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let mut dice = Dice::new(22);
    put(index, 1, rows(&mut dice, 0, 100, 8)).await;
    let twin = any_vector(&mut dice, 8);
    let twins = (0..40).map(|number| VectorEntry {
        key: key(format!("twin {number}")),
        content: content(1),
        vector: twin.clone(),
    });
    put(index, 1, twins.collect()).await;
    let near = nearest(index, 1, &twin, 40).await;
    let is_twin = |key: &RowKey| key.0.starts_with(b"twin");
    assert_eq!(near.iter().filter(|near| is_twin(&near.key)).count(), 40);
}

/// In the mean, among rows that lie in heaps as texts do.
pub async fn nine_and_a_half_of_the_nearest_ten_are_found(subject: &dyn VectorIndexSubject) {
    const ROWS: usize = 1_500;
    const QUERIES: usize = 40;
    let index = subject.index();
    let mut dice = Dice::new(23);
    let centres: Vec<Vector> = (0..30).map(|_| any_vector(&mut dice, 32)).collect();
    let mut around = || {
        let centre = &centres[dice.below(centres.len())];
        let mut values = centre.values().to_vec();
        for value in &mut values {
            *value += 0.15 * any_number(&mut dice);
        }
        vector(&values)
    };
    let entries: Vec<_> = (0..ROWS)
        .map(|number| VectorEntry { key: key(number.to_string()), content: content(1), vector: around() })
        .collect();
    for some in entries.chunks(250) {
        index.put(collection(1), some.to_vec()).await.expect("put");
    }
    let mut found = 0;
    for _ in 0..QUERIES {
        let to = around();
        let mut true_order: Vec<_> = entries.iter().collect();
        true_order.sort_by(|a, b| to.similarity(&b.vector).total_cmp(&to.similarity(&a.vector)));
        let near: HashSet<_> = nearest(index, 1, &to, 10).await.into_iter().map(|near| near.key).collect();
        found += true_order[..10].iter().filter(|entry| near.contains(&entry.key)).count();
    }
    assert!(found * 20 >= QUERIES * 10 * 19, "{found} of {}", QUERIES * 10);
}
