//! Cases of many things that happen one after the other, or at once.

use futures::future::{join, join_all};

use super::steps::{PRECISION, any_vector, collection, content, key, nearest, put, rows, size, walk};
use crate::{
    RowKey, VectorEntry, VectorIndex,
    testkit::{InMemoryVectorIndex, VectorIndexSubject, dice::Dice},
};

/// What was put, replaced, removed, dropped; all of it.
pub async fn what_was_acknowledged_survives_a_kill(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let naive = InMemoryVectorIndex::default();
    let mut dice = Dice::new(31);
    let entries = rows(&mut dice, 0, 60, 8);
    let replaced = rows(&mut dice, 20, 10, 8);
    let gone: Vec<_> = entries[50..].iter().map(|entry| entry.key.clone()).collect();
    for each in [index, &naive] {
        for number in [1, 2] {
            put(each, number, entries.clone()).await;
        }
        put(each, 1, replaced.clone()).await;
        each.remove(collection(1), &gone).await.expect("remove");
        each.drop_collection(collection(2)).await.expect("drop");
    }
    let after = subject.after_kill().await;
    for number in [1, 2] {
        assert_alike(&*after, &naive, number, &mut dice).await;
    }
}

/// Every entry of each is there.
pub async fn many_that_put_at_once_lose_nothing(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let mut dice = Dice::new(32);
    let parts: Vec<_> = (0..12).map(|part| rows(&mut dice, part * 25, 25, 8)).collect();
    join_all(parts.iter().map(|part| put(index, 1, part.clone()))).await;
    assert_eq!(size(index, 1).await, 300);
    let mut keys: Vec<_> = parts.iter().flatten().map(|entry| entry.key.clone()).collect();
    keys.sort();
    assert_eq!(walk(index, 1, 100).await, keys);
    let first = &parts[0][0];
    assert_eq!(nearest(index, 1, &first.vector, 1).await[0].key, first.key);
}

/// What is there all the while is found each time.
pub async fn searching_goes_on_while_entries_are_put(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let mut dice = Dice::new(33);
    let standing = rows(&mut dice, 0, 50, 8);
    put(index, 1, standing.clone()).await;
    let coming: Vec<_> = (0..20).map(|part| rows(&mut dice, 100 + part * 20, 20, 8)).collect();
    let writing = async {
        for part in &coming {
            put(index, 1, part.clone()).await;
            let keys: Vec<_> = part[..10].iter().map(|entry| entry.key.clone()).collect();
            index.remove(collection(1), &keys).await.expect("remove");
        }
    };
    let searching = async {
        for entry in standing.iter().cycle().take(100) {
            assert_eq!(nearest(index, 1, &entry.vector, 3).await[0].key, entry.key);
        }
    };
    join(writing, searching).await;
    assert_eq!(size(index, 1).await, 250);
}

/// Puts, replacements, removals and drops of several collections, as chance will have it.
pub async fn any_course_of_events_ends_as_with_the_naive_index(subject: &dyn VectorIndexSubject) {
    for seed in 0..4 {
        let mut dice = Dice::new(1_000 + seed);
        let naive = InMemoryVectorIndex::default();
        for _ in 0..60 {
            step(subject.index(), &naive, &mut dice).await;
        }
        for number in 1..=3 {
            assert_alike(subject.index(), &naive, number, &mut dice).await;
        }
        let after = subject.after_kill().await;
        for number in 1..=3 {
            assert_alike(&*after, &naive, number, &mut dice).await;
            subject.index().drop_collection(collection(number)).await.expect("drop");
        }
    }
}

/// One thing that happens to both.
async fn step(index: &dyn VectorIndex, naive: &InMemoryVectorIndex, dice: &mut Dice) {
    let number = 1 + dice.below(3) as u128;
    let some_key = |dice: &mut Dice| {
        let length = dice.below(3);
        RowKey((0..length).map(|_| u8::try_from(dice.below(7) * 40).unwrap_or_default()).collect())
    };
    if dice.chance(60) {
        let entries: Vec<_> = (0..dice.below(30))
            .map(|_| VectorEntry {
                key: some_key(dice),
                content: content(u8::try_from(dice.below(200)).unwrap_or_default()),
                vector: any_vector(dice, 6),
            })
            .collect();
        for each in [index, naive] {
            put(each, number, entries.clone()).await;
        }
    } else if dice.chance(90) {
        let keys: Vec<_> = (0..dice.below(12)).map(|_| some_key(dice)).collect();
        for each in [index, naive] {
            each.remove(collection(number), &keys).await.expect("remove");
        }
    } else {
        for each in [index, naive] {
            each.drop_collection(collection(number)).await.expect("drop");
        }
    }
}

/// In keys, contents, and what is near to something.
async fn assert_alike(index: &dyn VectorIndex, naive: &InMemoryVectorIndex, number: u128, dice: &mut Dice) {
    let keys = walk(naive, number, 1_000).await;
    assert_eq!(walk(index, number, 1 + dice.below(9)).await, keys);
    assert_eq!(size(index, number).await, keys.len() as u64);
    let mut asked = keys;
    asked.push(key("never put"));
    assert_eq!(
        index.contents(collection(number), &asked).await.expect("contents"),
        naive.contents(collection(number), &asked).await.expect("contents"),
    );
    let dimensions = if asked.len() > 1 { dimensions(naive, number).await } else { 6 };
    for _ in 0..3 {
        let to = any_vector(dice, dimensions);
        let (found, expected) = (nearest(index, number, &to, 5).await, nearest(naive, number, &to, 5).await);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let apart = (found.similarity - expected.similarity).abs();
            assert!(apart < PRECISION, "{found:?} in the place of {expected:?}");
        }
    }
}

/// Those of a collection that isn't empty: the ones that are not refused.
async fn dimensions(naive: &InMemoryVectorIndex, number: u128) -> usize {
    let eight = any_vector(&mut Dice::new(1), 8);
    if naive.nearest(collection(number), &eight, 1).await.is_ok() { 8 } else { 6 }
}
