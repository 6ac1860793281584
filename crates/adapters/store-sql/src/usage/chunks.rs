//! Lists in statements, of few different lengths: each length is a statement of its own, to be
//! prepared and kept.

/// How long lists may be, the longest first.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// The items in lists of these lengths.
pub(crate) fn chunks<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= items.len())?;
        let (chunk, rest) = items.split_at(size);
        items = rest;
        Some(chunk)
    })
}

/// The items in as few lists of these lengths as can be, the last item repeated where one is missing.
pub(crate) fn padded<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    items.chunks(SIZES[0]).map(|chunk| {
        let size = SIZES.into_iter().rfind(|size| *size >= chunk.len()).unwrap_or(SIZES[0]);
        chunk
            .iter()
            .chain(std::iter::repeat_n(&chunk[chunk.len() - 1], size - chunk.len()))
            .cloned()
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_all_items_in_few_lengths() {
        for count in 0..700usize {
            let items: Vec<_> = (0..count).collect();
            let lists: Vec<_> = chunks(&items).collect();
            assert_eq!(lists.concat(), items);
            assert!(lists.iter().all(|list| SIZES.contains(&list.len())));
        }
    }

    #[test]
    fn padded_lists_hold_all_items_and_no_others() {
        for count in 0..700usize {
            let items: Vec<_> = (0..count).collect();
            let lists: Vec<_> = padded(&items).collect();
            assert!(lists.iter().all(|list| SIZES.contains(&list.len())));
            let mut held = lists.concat();
            held.dedup();
            assert_eq!(held, items);
        }
    }
}
