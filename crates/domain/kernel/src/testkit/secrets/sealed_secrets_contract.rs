//! The cases of the [`SealedSecrets`](crate::SealedSecrets) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::collections::HashMap;

use uuid::Uuid;

use super::SealedSecretsSubject;
use crate::{AccountId, KeptSecret, SealedPlace, SealedSecret};

fn sealed(text: &str) -> SealedSecret {
    SealedSecret(text.to_owned())
}

async fn add(subject: &dyn SealedSecretsSubject, number: u8, text: &str) -> SealedPlace {
    subject.add(number, Some(&sealed(text))).await
}

/// The things 1 to 9, whose secrets are called as they are.
async fn nine(subject: &dyn SealedSecretsSubject) -> Vec<SealedPlace> {
    let mut places = Vec::new();
    for number in [4, 2, 9, 1, 7, 3, 8, 6, 5] {
        places.push(add(subject, number, &format!("v1.old.{number}")).await);
    }
    places
}

async fn list(
    subject: &dyn SealedSecretsSubject,
    after: Option<&SealedPlace>,
    limit: u32,
) -> Vec<KeptSecret> {
    subject.secrets().list_after(after.cloned(), limit).await.expect("list")
}

async fn replace(subject: &dyn SealedSecretsSubject, place: &SealedPlace, old: &str, new: &str) -> bool {
    subject.secrets().replace(place, &sealed(old), &sealed(new)).await.expect("replace")
}

/// All secrets by their places.
async fn kept(subject: &dyn SealedSecretsSubject) -> HashMap<SealedPlace, String> {
    let listed = list(subject, None, 1_000).await;
    listed.into_iter().map(|kept| (kept.place, kept.sealed.0)).collect()
}

/// Nor after any place.
pub async fn nothing_is_listed_where_nothing_is(subject: &dyn SealedSecretsSubject) {
    assert_eq!(list(subject, None, 10).await, []);
    let place = add(subject, 1, "v1.old.1").await;
    assert_eq!(list(subject, Some(&place), 10).await, []);
    assert_eq!(list(subject, None, 0).await, []);
}

/// In the same order every time, and never more than asked for.
pub async fn every_secret_is_listed_once_whatever_the_limit(subject: &dyn SealedSecretsSubject) {
    nine(subject).await;
    let all = list(subject, None, 1_000).await;
    let mut texts: Vec<_> = all.iter().map(|kept| kept.sealed.0.as_str()).collect();
    texts.sort_unstable();
    let expected: Vec<_> = (1..=9).map(|number| format!("v1.old.{number}")).collect();
    assert_eq!(texts, expected);
    for limit in [1u8, 2, 4, 8, 9, 10] {
        let mut listed: Vec<KeptSecret> = Vec::new();
        loop {
            let after = listed.last().map(|kept| kept.place.clone());
            let batch = list(subject, after.as_ref(), limit.into()).await;
            let left = all.len() - listed.len();
            assert_eq!(batch.len(), left.min(limit.into()), "{limit}");
            if batch.is_empty() {
                break;
            }
            listed.extend(batch);
        }
        assert_eq!(listed, all, "{limit}");
    }
}

/// It takes no room in a list either.
pub async fn what_has_no_secret_is_not_listed(subject: &dyn SealedSecretsSubject) {
    subject.add(1, None).await;
    let place = add(subject, 2, "v1.old.2").await;
    let bare = subject.add(3, None).await;
    subject.add(4, None).await;
    let second = add(subject, 5, "v1.old.5").await;
    assert!(!replace(subject, &bare, "", "v1.new.3").await);
    let expected = HashMap::from([(place, "v1.old.2".to_owned()), (second, "v1.old.5".to_owned())]);
    assert_eq!(kept(subject).await, expected);
    assert_eq!(list(subject, None, 2).await.len(), 2);
}

/// The place stays good as a place to go on from.
pub async fn a_list_goes_on_after_what_is_gone(subject: &dyn SealedSecretsSubject) {
    nine(subject).await;
    let all = list(subject, None, 1_000).await;
    for gone in [2, 3] {
        subject.remove(&all[gone].place).await;
    }
    assert_eq!(list(subject, Some(&all[2].place), 3).await, all[4..7]);
    assert_eq!(list(subject, Some(&all[3].place), 1_000).await, all[4..]);
}

/// From one character to a hundred thousand.
pub async fn secrets_of_any_length_survive(subject: &dyn SealedSecretsSubject) {
    for (number, length) in (1u8..).zip([1, 255, 256, 65_536, 100_000]) {
        let text = "aB-_".repeat(length).chars().take(length).collect::<String>();
        let place = add(subject, number, &text).await;
        assert!(kept(subject).await.get(&place) == Some(&text), "{length}");
        let longer = format!("{text}.");
        assert!(replace(subject, &place, &text, &longer).await, "{length}");
        assert!(kept(subject).await.get(&place) == Some(&longer), "{length}");
    }
}

/// Others stay as they are, those of the same secret too.
pub async fn a_secret_is_replaced_and_no_other(subject: &dyn SealedSecretsSubject) {
    nine(subject).await;
    let twins = [add(subject, 11, "v1.old.twin").await, add(subject, 12, "v1.old.twin").await];
    let mut expected = kept(subject).await;
    assert!(replace(subject, &twins[0], "v1.old.twin", "v1.new.twin").await);
    expected.insert(twins[0].clone(), "v1.new.twin".to_owned());
    assert_eq!(kept(subject).await, expected);
}

/// Every character counts, its case too. (Blanks at the end need not: no sealed text has any.)
pub async fn a_secret_that_changed_meanwhile_stays(subject: &dyn SealedSecretsSubject) {
    let place = add(subject, 1, "v1.old.aBc").await;
    for old in ["", "v1.old.abc", "V1.OLD.ABC", "v1.old.aB", "v1.old.aBcd", "v1.old.äBc"] {
        assert!(!replace(subject, &place, old, "v1.new.x").await, "{old:?}");
        assert_eq!(kept(subject).await[&place], "v1.old.aBc");
    }
    assert!(replace(subject, &place, "v1.old.aBc", "v1.new.1").await);
    assert!(!replace(subject, &place, "v1.old.aBc", "v1.new.2").await);
    assert_eq!(kept(subject).await[&place], "v1.new.1");
}

/// Where there was something once, in another account, and where there never was anything.
pub async fn where_nothing_is_nothing_is_replaced(subject: &dyn SealedSecretsSubject) {
    let (gone, stays) = (add(subject, 1, "v1.old.1").await, add(subject, 2, "v1.old.2").await);
    subject.remove(&gone).await;
    let foreign = SealedPlace { account_id: AccountId::from_uuid(Uuid::max()), ..stays.clone() };
    let unknown = SealedPlace { id: "no such thing".to_owned(), ..stays.clone() };
    for (place, old) in [(&gone, "v1.old.1"), (&foreign, "v1.old.2"), (&unknown, "v1.old.2")] {
        assert!(!replace(subject, place, old, "v1.new.x").await, "{place}");
    }
    assert_eq!(kept(subject).await, HashMap::from([(stays, "v1.old.2".to_owned())]));
}

/// Whoever goes through the list meets nothing twice for having changed it.
pub async fn a_replaced_secret_keeps_its_turn(subject: &dyn SealedSecretsSubject) {
    nine(subject).await;
    let before = list(subject, None, 1_000).await;
    for kept in before.iter().rev().step_by(2) {
        assert!(replace(subject, &kept.place, &kept.sealed.0, "v1.new.x").await);
    }
    let after = list(subject, None, 1_000).await;
    let places = |list: &[KeptSecret]| list.iter().map(|kept| kept.place.clone()).collect::<Vec<_>>();
    assert_eq!(places(&after), places(&before));
}
