//! Cases about what is kept, under which key, and for how long.

use super::steps::{
    assert_rejected, collection, content, content_of, entry, key, nearest, put, rows, size, vector, walk,
};
use crate::{
    RowKey, ScanPage,
    testkit::{VectorIndexSubject, dice::Dice},
};

/// Under its key, with its content, near to itself.
pub async fn what_was_put_is_there(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0]), entry("b", 2, &[0.0, 1.0])]).await;
    assert_eq!(size(index, 1).await, 2);
    assert_eq!(content_of(index, 1, &key("a")).await, Some(content(1)));
    assert_eq!(walk(index, 1, 10).await, [key("a"), key("b")]);
    let near = nearest(index, 1, &vector(&[0.0, 3.0]), 1).await;
    assert_eq!(near[0].key, key("b"));
    index.put(collection(1), Vec::new()).await.expect("nothing is put");
    assert_eq!(size(index, 1).await, 2);
}

/// Its content and its vector both.
pub async fn an_entry_takes_the_place_of_the_one_before(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0]), entry("b", 2, &[0.8, 0.6])]).await;
    put(index, 1, vec![entry("a", 3, &[-1.0, 0.0])]).await;
    assert_eq!(size(index, 1).await, 2);
    assert_eq!(content_of(index, 1, &key("a")).await, Some(content(3)));
    let near = nearest(index, 1, &vector(&[1.0, 0.0]), 10).await;
    let keys: Vec<_> = near.into_iter().map(|near| near.key).collect();
    assert_eq!(keys, [key("b"), key("a")], "the vector before is gone");
}

/// Also within one call.
pub async fn of_two_with_one_key_the_last_counts(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0]), entry("a", 2, &[0.0, 1.0])]).await;
    assert_eq!(size(index, 1).await, 1);
    assert_eq!(content_of(index, 1, &key("a")).await, Some(content(2)));
    let near = nearest(index, 1, &vector(&[0.0, 1.0]), 10).await;
    assert_eq!(near.len(), 1);
    assert!(near[0].similarity > 0.99, "{near:?}");
}

/// With the keys that aren't there, and those asked for twice.
pub async fn contents_are_told_in_the_order_of_the_keys(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0]), entry("b", 2, &[1.0])]).await;
    let asked = [key("b"), key("none"), key("a"), key("b")];
    let found = index.contents(collection(1), &asked).await.expect("contents");
    assert_eq!(found, [Some(content(2)), None, Some(content(1)), Some(content(2))]);
    assert_eq!(index.contents(collection(1), &[]).await.expect("contents"), []);
}

/// It is neither found nor listed nor counted; what wasn't there is none.
pub async fn what_was_removed_is_gone(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0]), entry("b", 2, &[0.9, 0.1])]).await;
    for _ in 0..2 {
        index.remove(collection(1), &[key("a"), key("none")]).await.expect("remove");
    }
    index.remove(collection(1), &[]).await.expect("nothing is removed");
    assert_eq!(size(index, 1).await, 1);
    assert_eq!(content_of(index, 1, &key("a")).await, None);
    assert_eq!(walk(index, 1, 1).await, [key("b")]);
    let near = nearest(index, 1, &vector(&[1.0, 0.0]), 10).await;
    assert_eq!(near.into_iter().map(|near| near.key).collect::<Vec<_>>(), [key("b")]);
}

/// Even the last one of a collection.
pub async fn a_removed_key_may_come_back(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    for number in 1..=3 {
        put(index, 1, vec![entry("a", number, &[0.0, 1.0])]).await;
        assert_eq!(content_of(index, 1, &key("a")).await, Some(content(number)));
        assert_eq!(nearest(index, 1, &vector(&[0.0, 1.0]), 10).await.len(), 1);
        index.remove(collection(1), &[key("a")]).await.expect("remove");
        assert_eq!(size(index, 1).await, 0);
        assert_eq!(nearest(index, 1, &vector(&[0.0, 1.0]), 10).await, []);
    }
}

/// None, all of them, no text, long ones, one the beginning of another.
pub async fn keys_are_any_bytes(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let every: Vec<u8> = (0..=255).collect();
    let mut keys: Vec<RowKey> =
        [&b""[..], b"\0", b"\0\0", b"a", b"a\0", b"A", b"\xff", b"\xff\xfe", "č🦀".as_bytes(), &every]
            .map(key)
            .to_vec();
    keys.push(key(vec![b'x'; 3_000]));
    let entries = keys.iter().zip(1..).map(|(key, number)| entry(&key.0, number, &[1.0, f32::from(number)]));
    put(index, 1, entries.collect()).await;
    let contents = index.contents(collection(1), &keys).await.expect("contents");
    let expected: Vec<_> = (1..).map(content).map(Some).take(keys.len()).collect();
    assert_eq!(contents, expected);
    keys.sort();
    assert_eq!(walk(index, 1, 3).await, keys);
    let mut near: Vec<_> =
        nearest(index, 1, &vector(&[1.0, 1.0]), 50).await.into_iter().map(|near| near.key).collect();
    near.sort();
    assert_eq!(near, keys);
}

/// Whatever the size of the pages; the last one says so.
pub async fn a_scan_gives_each_key_once(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let entries = rows(&mut Dice::new(11), 0, 97, 4);
    let mut keys: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
    keys.sort();
    put(index, 1, entries).await;
    for page in [1, 7, 96, 97, 98, 1_000] {
        assert_eq!(walk(index, 1, page).await, keys, "in pages of {page}");
    }
    let page = index.scan(collection(1), None, 10).await.expect("scan");
    assert!((5..=20).contains(&page.keys.len()), "about as many as were asked for: {}", page.keys.len());
}

/// Each once, while others come and go and it is itself replaced.
pub async fn a_scan_gives_what_is_there_all_the_while(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let mut dice = Dice::new(12);
    put(index, 1, rows(&mut dice, 0, 100, 4)).await;
    let (mut seen, mut after, mut round) = (Vec::new(), None, 0_usize);
    loop {
        let page = index.scan(collection(1), after, 10).await.expect("scan");
        seen.extend(page.keys);
        after = page.next;
        if after.is_none() {
            break;
        }
        // Even ones go, odd ones are replaced, new ones come.
        let gone: Vec<_> = (0..2).map(|step| key((round * 4 + step * 2).to_string())).collect();
        index.remove(collection(1), &gone).await.expect("remove");
        put(index, 1, rows(&mut dice, round * 4 + 1, 1, 4)).await;
        put(index, 1, rows(&mut dice, 1_000 + round * 3, 3, 4)).await;
        round += 1;
        assert!(round < 200, "the scan has no end");
    }
    for number in (1..100).step_by(2) {
        let times = seen.iter().filter(|seen| **seen == key(number.to_string())).count();
        assert_eq!(times, 1, "{number}");
    }
}

/// By what puts and by what looks, and the collection is as it was.
pub async fn other_dimensions_are_rejected(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0])]).await;
    for values in [&[1.0][..], &[1.0, 0.0, 0.0]] {
        assert_rejected(index.put(collection(1), vec![entry("b", 2, values)]).await);
        assert_rejected(index.nearest(collection(1), &vector(values), 3).await);
    }
    assert_eq!(walk(index, 1, 10).await, [key("a")]);
}

/// One entry of another size, and none is kept; a collection doesn't come into being by it.
pub async fn a_put_is_kept_whole_or_not_at_all(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    let mixed = || vec![entry("b", 2, &[0.0, 1.0]), entry("c", 3, &[1.0, 0.0, 0.0])];
    assert_rejected(index.put(collection(1), mixed()).await);
    assert_eq!(size(index, 1).await, 0);
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0])]).await;
    assert_rejected(index.put(collection(1), mixed()).await);
    assert_eq!(walk(index, 1, 10).await, [key("a")]);
}

/// In every question.
pub async fn a_collection_that_is_not_there_is_empty(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    index.put(collection(1), Vec::new()).await.expect("nothing is put");
    assert_eq!(size(index, 1).await, 0);
    assert_eq!(content_of(index, 1, &key("a")).await, None);
    assert_eq!(index.scan(collection(1), None, 10).await.expect("scan"), ScanPage::default());
    assert_eq!(nearest(index, 1, &vector(&[1.0, 0.0]), 10).await, []);
    index.remove(collection(1), &[key("a")]).await.expect("remove");
    index.drop_collection(collection(1)).await.expect("drop");
}

/// It may have other dimensions when it comes back.
pub async fn a_dropped_collection_is_as_if_it_had_never_been(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, rows(&mut Dice::new(13), 0, 20, 8)).await;
    for _ in 0..2 {
        index.drop_collection(collection(1)).await.expect("drop");
        assert_eq!(size(index, 1).await, 0);
        assert_eq!(walk(index, 1, 10).await, []);
        assert_eq!(nearest(index, 1, &vector(&[1.0; 8]), 10).await, []);
    }
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0])]).await;
    assert_eq!(walk(index, 1, 10).await, [key("a")]);
    let after = subject.after_kill().await;
    assert_eq!(walk(&*after, 1, 10).await, [key("a")]);
}

/// In dimensions, rows, and when one is dropped.
pub async fn collections_are_apart(subject: &dyn VectorIndexSubject) {
    let index = subject.index();
    put(index, 1, vec![entry("a", 1, &[1.0, 0.0])]).await;
    put(index, 2, vec![entry("a", 2, &[1.0, 0.0, 0.0]), entry("b", 3, &[0.0, 1.0, 0.0])]).await;
    assert_eq!((size(index, 1).await, size(index, 2).await), (1, 2));
    assert_eq!(content_of(index, 1, &key("a")).await, Some(content(1)));
    assert_eq!(content_of(index, 2, &key("a")).await, Some(content(2)));
    index.remove(collection(2), &[key("a")]).await.expect("remove");
    assert_eq!(walk(index, 1, 10).await, [key("a")]);
    index.drop_collection(collection(1)).await.expect("drop");
    assert_eq!(walk(index, 2, 10).await, [key("b")]);
}
