//! The cases of the [`EmbeddingCache`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
#![cfg_attr(not(test), expect(clippy::unused_async, reason = "cases of all contracts are called alike"))]

use crate::{ContentHash, EmbeddingCache, Vector};

fn content(number: u16) -> ContentHash {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    ContentHash::from_bytes(bytes)
}

fn vector(dimensions: usize, first: f32) -> Vector {
    let mut values = vec![1.0; dimensions];
    values[0] = first;
    Vector::new(&values).expect("a direction")
}

/// The same numbers, for this content alone.
pub async fn a_vector_is_found_by_its_content(cache: &dyn EmbeddingCache) {
    assert_eq!(cache.get(content(1)), None);
    for number in 1..=5_u8 {
        cache.put(content(number.into()), vector(8, number.into()));
    }
    for number in 1..=5_u8 {
        assert_eq!(cache.get(content(number.into())), Some(vector(8, number.into())), "{number}");
    }
    assert_eq!(cache.get(content(6)), None);
}

/// It takes the place of the one before.
pub async fn the_last_vector_counts(cache: &dyn EmbeddingCache) {
    cache.put(content(1), vector(8, 2.0));
    cache.put(content(1), vector(16, 3.0));
    assert_eq!(cache.get(content(1)), Some(vector(16, 3.0)));
}

/// Four megabytes do not fit into one.
pub async fn what_vectors_take_is_bounded(cache: &dyn EmbeddingCache) {
    for number in 0..1_000 {
        cache.put(content(number), vector(1_000, 2.0));
    }
    let left = (0..1_000).filter(|number| cache.get(content(*number)).is_some()).count();
    assert!((1..=250).contains(&left), "{left}");
}
