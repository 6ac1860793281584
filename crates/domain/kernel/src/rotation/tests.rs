//! Older keys are left behind, and nothing else changes.

use std::sync::Mutex;

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::*;
use crate::{
    PortError, System,
    testkit::{FakeSecretCipher, InMemorySecrets, block_on},
};

const OLD: [&str; 1] = ["old"];
const BOTH: [&str; 2] = ["new", "old"];
const NEW: [&str; 1] = ["new"];

fn binding(place: &SealedPlace) -> String {
    format!("test|{}|{}", place.account_id, place.id)
}

fn place(number: u8) -> SealedPlace {
    let account_id = AccountId::from_uuid(Uuid::from_u128(1));
    SealedPlace { account_id, id: format!("{number:03}") }
}

fn seal(keys: &[&str], number: u8) -> SealedSecret {
    let secret = format!("secret {number}").into();
    FakeSecretCipher::with_keys(keys).seal(&secret, &binding(&place(number))).expect("seal")
}

/// The same secret as [`seal`] has, in another text.
fn seal_again(keys: &[&str], number: u8) -> SealedSecret {
    let cipher = FakeSecretCipher::with_keys(keys);
    let seal = || cipher.seal(&format!("secret {number}").into(), &binding(&place(number))).expect("seal");
    seal();
    seal()
}

/// Secrets under the old key, from 1 to `last`.
fn under_old(last: u8) -> InMemorySecrets {
    let secrets = InMemorySecrets::default();
    (1..=last).for_each(|number| secrets.put(place(number), seal(&OLD, number)));
    secrets
}

fn rotation(secrets: &InMemorySecrets, keys: &[&str]) -> Rotation {
    let cipher = Arc::new(FakeSecretCipher::with_keys(keys));
    Rotation::new(Arc::new(secrets.clone()), cipher, binding)
}

/// All batches of `limit`, added up.
fn all(rotation: &Rotation, limit: u32) -> Resealed {
    let mut sum = Resealed::default();
    loop {
        let batch = block_on(rotation.reseal(sum.last.take(), limit)).expect("reseal");
        sum.resealed += batch.resealed;
        sum.already_newest += batch.already_newest;
        sum.overtaken += batch.overtaken;
        sum.unopened.extend(batch.unopened);
        match batch.last {
            Some(last) => sum.last = Some(last),
            None => return sum,
        }
    }
}

fn under(secrets: &InMemorySecrets, keys: &[&str]) -> Vec<(String, KeyStanding, u64)> {
    let survey = block_on(rotation(secrets, keys).survey(None, 1_000)).expect("survey");
    assert_eq!(survey.last, None);
    let told = |(key, count): (Option<MasterKey>, u64)| {
        let MasterKey { standing, id } = key.expect("a key");
        (id, standing, count)
    };
    survey.under.into_iter().map(told).collect()
}

/// Asserts that every secret opens under these keys, and is the one it was.
#[track_caller]
fn assert_whole(secrets: &InMemorySecrets, keys: &[&str]) {
    let cipher = FakeSecretCipher::with_keys(keys);
    for (place, sealed) in secrets.all() {
        let opened = cipher.open(&sealed, &binding(&place)).expect("open");
        assert_eq!(opened.expose_secret(), format!("secret {}", place.id.trim_start_matches('0')));
    }
}

#[test]
fn everything_comes_under_the_newest_key_whatever_the_batch() {
    for limit in [1, 2, 3, 9, 10, 11, 1_000] {
        let secrets = under_old(10);
        let done = all(&rotation(&secrets, &BOTH), limit);
        assert_eq!(done, Resealed { resealed: 10, ..Resealed::default() }, "{limit}");
        assert_eq!(under(&secrets, &NEW), [("new".to_owned(), KeyStanding::Newest, 10)]);
        assert_whole(&secrets, &NEW);
    }
}

#[test]
fn where_there_is_nothing_nothing_is_done() {
    let secrets = InMemorySecrets::default();
    assert_eq!(all(&rotation(&secrets, &BOTH), 10), Resealed::default());
    assert_eq!(all(&rotation(&under_old(3), &BOTH), 0), Resealed::default());
}

#[test]
fn what_is_under_the_newest_key_stays_as_it_is() {
    let secrets = under_old(3);
    secrets.put(place(2), seal(&NEW, 2));
    let before = secrets.get(&place(2));
    let done = all(&rotation(&secrets, &BOTH), 10);
    assert_eq!((done.resealed, done.already_newest), (2, 1));
    assert_eq!(secrets.get(&place(2)), before);
    // Nor is anything written by a second run.
    let after = secrets.all();
    let done = all(&rotation(&secrets, &BOTH), 10);
    assert_eq!(done, Resealed { already_newest: 3, ..Resealed::default() });
    assert_eq!(secrets.all(), after);
}

#[test]
fn a_run_that_was_broken_off_is_begun_again() {
    let secrets = under_old(10);
    block_on(rotation(&secrets, &BOTH).reseal(None, 4)).expect("reseal");
    assert_whole(&secrets, &BOTH);
    let left = [("new".to_owned(), KeyStanding::Newest, 4), ("old".to_owned(), KeyStanding::Older, 6)];
    assert_eq!(under(&secrets, &BOTH), left);
    let done = all(&rotation(&secrets, &BOTH), 3);
    assert_eq!((done.resealed, done.already_newest), (6, 4));
    assert_whole(&secrets, &NEW);
}

#[test]
fn what_cannot_be_opened_is_left_and_named() {
    let secrets = under_old(5);
    let spoilt = [(2, seal(&["lost"], 2)), (3, seal(&OLD, 4)), (5, SealedSecret("spoilt".to_owned()))];
    for (number, sealed) in &spoilt {
        secrets.put(place(*number), sealed.clone());
    }
    let rotation = rotation(&secrets, &BOTH);
    let rehearsed = block_on(rotation.rehearse(None, 10)).expect("rehearse");
    let done = all(&rotation, 10);
    assert_eq!(done, rehearsed);
    assert_eq!(done.resealed, 2);
    assert_eq!(done.unopened, [place(2), place(3), place(5)]);
    for (number, sealed) in spoilt {
        assert_eq!(secrets.get(&place(number)), Some(sealed));
    }
}

#[test]
fn a_rehearsal_changes_nothing() {
    let secrets = under_old(4);
    secrets.put(place(2), seal(&NEW, 2));
    let before = secrets.all();
    let first = block_on(rotation(&secrets, &BOTH).rehearse(None, 3)).expect("rehearse");
    assert_eq!((first.resealed, first.already_newest, first.last.clone()), (2, 1, Some(place(3))));
    let rest = block_on(rotation(&secrets, &BOTH).rehearse(first.last, 3)).expect("rehearse");
    assert_eq!(rest, Resealed { resealed: 1, ..Resealed::default() });
    assert_eq!(secrets.all(), before);
}

#[test]
fn a_survey_tells_texts_of_no_form_too() {
    let secrets = under_old(2);
    secrets.put(place(2), SealedSecret("spoilt".to_owned()));
    let survey = block_on(rotation(&secrets, &NEW).survey(None, 10)).expect("survey").under;
    let old = MasterKey { standing: KeyStanding::Unknown, id: "old".to_owned() };
    assert_eq!(survey, BTreeMap::from([(None, 1), (Some(old), 1)]));
}

/// Secrets that somebody changes between being listed and being replaced.
struct Restless {
    secrets: InMemorySecrets,
    change: Mutex<Option<(SealedPlace, Option<SealedSecret>)>>,
}

#[async_trait]
impl SealedSecrets for Restless {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let listed = self.secrets.list_after(after, limit).await;
        if let Some((place, change)) = self.change.lock().expect("no panic").take() {
            match change {
                Some(sealed) => self.secrets.put(place, sealed),
                None => self.secrets.remove(&place),
            }
        }
        listed
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        self.secrets.replace(place, old, new).await
    }
}

#[test]
fn a_secret_that_is_changed_or_removed_meanwhile_stays_so() {
    for (keys, left_under_old) in [(Some(BOTH.as_slice()), 0), (Some(OLD.as_slice()), 1), (None, 0)] {
        let secrets = under_old(3);
        let changed = keys.map(|keys| seal_again(keys, 2));
        let change = Mutex::new(Some((place(2), changed.clone())));
        let restless = Restless { secrets: secrets.clone(), change };
        let cipher = Arc::new(FakeSecretCipher::with_keys(&BOTH));
        let done = all(&Rotation::new(Arc::new(restless), cipher, binding), 10);
        assert_eq!((done.resealed, done.overtaken), (2, 1));
        assert_eq!(secrets.get(&place(2)), changed);
        // The next run takes what was put there.
        assert_eq!(all(&rotation(&secrets, &BOTH), 10).resealed, left_under_old);
        assert_whole(&secrets, &NEW);
    }
}

/// A cipher that can open and no longer seal.
struct Exhausted(FakeSecretCipher);

impl SecretCipher for Exhausted {
    fn seal(&self, _: &secrecy::SecretString, _: &str) -> PortResult<SealedSecret> {
        Err(PortError::new(PortErrorKind::Unavailable, System::Crypto, "secrets.seal"))
    }

    fn open(&self, sealed: &SealedSecret, binding: &str) -> PortResult<secrecy::SecretString> {
        self.0.open(sealed, binding)
    }

    fn sealed_under(&self, sealed: &SealedSecret) -> Option<MasterKey> {
        self.0.sealed_under(sealed)
    }
}

#[test]
fn a_cipher_that_cannot_seal_is_no_fault_of_the_secret() {
    let secrets = under_old(1);
    let cipher = Arc::new(Exhausted(FakeSecretCipher::with_keys(&BOTH)));
    let rotation = Rotation::new(Arc::new(secrets.clone()), cipher, binding);
    let error = block_on(rotation.reseal(None, 10)).expect_err("it can't seal");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_whole(&secrets, &OLD);
}
