//! Settings, verdicts, and the bound on how much is hashed at once.

use std::{pin::pin, sync::Arc, sync::mpsc, task::Poll, thread};

use futures::poll;

use super::*;

/// As weak as argon2 allows, so that tests are quick.
const WEAK: Argon2Config =
    Argon2Config { memory_kib: 64, iterations: 2, parallelism: 2, max_concurrent: 1, max_waiting: 1 };

fn hasher(config: Argon2Config) -> Argon2PasswordHasher {
    Argon2PasswordHasher::new(config).expect("settings")
}

async fn hash(hasher: &Argon2PasswordHasher, password: &str) -> PasswordHash {
    hasher.hash(&password.into()).await.expect("hash")
}

async fn verify(hasher: &Argon2PasswordHasher, password: &str, phc: &str) -> PortResult<PasswordVerdict> {
    hasher.verify(&password.into(), Some(PasswordHash::new(phc))).await
}

fn fault(config: Argon2Config) -> HasherFault {
    Argon2PasswordHasher::new(config).expect_err("no such settings")
}

#[tokio::test]
async fn the_default_is_argon2id_with_19_mib_two_passes_and_one_lane() {
    let hasher = hasher(Argon2Config::default());
    let hash = hash(&hasher, "correct horse").await;
    assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
    assert_eq!(
        verify(&hasher, "correct horse", hash.expose()).await.expect("verify"),
        PasswordVerdict::Match
    );
}

#[tokio::test]
async fn a_hash_of_the_reference_implementation_is_understood() {
    // From test.c of phc-winner-argon2. Its salt has 8 bytes, fewer than are made today.
    const REFERENCE: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let hasher = hasher(WEAK);
    let verdict = verify(&hasher, "password", REFERENCE).await.expect("verify");
    assert_eq!(verdict, PasswordVerdict::MatchButOutdated);
    assert_eq!(verify(&hasher, "passwore", REFERENCE).await.expect("verify"), PasswordVerdict::Mismatch);
}

#[tokio::test]
async fn every_hash_has_its_own_salt() {
    let hasher = hasher(WEAK);
    assert_ne!(hash(&hasher, "same").await.expose(), hash(&hasher, "same").await.expose());
}

#[tokio::test]
async fn long_passwords_count_to_their_last_character() {
    let hasher = hasher(WEAK);
    let long = "x".repeat(4096);
    let hash = hash(&hasher, &format!("{long}a")).await;
    let verdict = verify(&hasher, &format!("{long}b"), hash.expose()).await.expect("verify");
    assert_eq!(verdict, PasswordVerdict::Mismatch);
}

#[tokio::test]
async fn a_hash_of_weaker_settings_matches_and_is_called_outdated() {
    let today = hasher(WEAK);
    for weaker in [
        Argon2Config { memory_kib: 32, ..WEAK },
        Argon2Config { iterations: 1, ..WEAK },
        Argon2Config { parallelism: 1, ..WEAK },
        // Weaker in one way and stronger in another.
        Argon2Config { iterations: 1, memory_kib: 128, ..WEAK },
    ] {
        let hash = hash(&hasher(weaker), "correct horse").await;
        let verdict = verify(&today, "correct horse", hash.expose()).await.expect("verify");
        assert_eq!(verdict, PasswordVerdict::MatchButOutdated, "{weaker:?}");
        assert_eq!(verify(&today, "wrong", hash.expose()).await.expect("verify"), PasswordVerdict::Mismatch);
    }
}

#[tokio::test]
async fn a_hash_of_stronger_settings_is_left_as_it_is() {
    let today = hasher(WEAK);
    for stronger in [
        WEAK,
        Argon2Config { memory_kib: 65, ..WEAK },
        Argon2Config { iterations: 3, parallelism: 4, ..WEAK },
    ] {
        let hash = hash(&hasher(stronger), "correct horse").await;
        let verdict = verify(&today, "correct horse", hash.expose()).await.expect("verify");
        assert_eq!(verdict, PasswordVerdict::Match, "{stronger:?}");
    }
}

#[tokio::test]
async fn the_stand_in_costs_what_a_hash_made_now_costs() {
    let hasher = hasher(WEAK);
    let made = parse(hash(&hasher, "x").await.expose()).expect("its own form");
    let stand_in = &hasher.stand_in;
    assert_eq!(stand_in.algorithm, made.algorithm);
    assert_eq!(stand_in.version, made.version);
    assert_eq!(stand_in.params, made.params);
    let lengths =
        |hash: &phc::PasswordHash| (hash.salt.map(|salt| salt.len()), hash.hash.map(|output| output.len()));
    assert_eq!(lengths(stand_in), lengths(&made));
    // It is really compared with: the password of a planted stand-in is a mismatch all the same.
    let planted = Argon2PasswordHasher { stand_in: made, ..hasher };
    let verdict = planted.verify(&"x".into(), None).await.expect("verify");
    assert_eq!(verdict, PasswordVerdict::Mismatch);
}

#[tokio::test]
async fn damaged_hashes_are_corrupt_and_never_cost_more_than_today_allows() {
    let hasher = hasher(WEAK);
    let whole = hash(&hasher, "x").await.expose().to_owned();
    let cut = whole.rsplit_once('$').expect("fields").0;
    for damaged in [
        "",
        "$",
        "x",
        "$argon2id$v=19$m=64,t=2,p=2",
        cut,
        &format!("{whole}$more"),
        &whole.replace("argon2id", "argon2i"),
        &whole.replace("argon2id", "argon2d"),
        &whole.replace("argon2id", "scrypt"),
        &whole.replace("v=19", "v=16"),
        &whole.replace("$v=19", ""),
        &whole.replace("m=64", "m=4294967295"),
        &whole.replace("m=64", "m=99999999999999999999"),
        &whole.replace("m=64", "m=1048577"),
        &whole.replace("m=64", "m=7"),
        &whole.replace("m=64", "m=-1"),
        &whole.replace("t=2", "t=0"),
        &whole.replace("t=2", "t=4294967295"),
        &whole.replace("p=2", "p=0"),
        &whole.replace("p=2", "p=16777215"),
        &whole.replace("p=2", "p=2,q=1"),
        &whole.replace("m=64,", ""),
        "$2b$12$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
    ] {
        let result = verify(&hasher, "x", damaged).await;
        assert_eq!(result.expect_err(damaged).kind, PortErrorKind::Corrupt, "{damaged}");
    }
}

#[tokio::test]
async fn no_changed_character_makes_a_hash_match_another_password() {
    let hasher = hasher(WEAK);
    let whole = hash(&hasher, "x").await.expose().to_owned();
    for place in 0..whole.len() {
        let mut changed = whole.clone().into_bytes();
        changed[place] = if changed[place] == b'3' { b'4' } else { b'3' };
        let changed = String::from_utf8(changed).expect("ASCII");
        match verify(&hasher, "y", &changed).await {
            Ok(verdict) => assert_eq!(verdict, PasswordVerdict::Mismatch, "{changed}"),
            Err(error) => assert_eq!(error.kind, PortErrorKind::Corrupt, "{changed}"),
        }
    }
}

#[tokio::test]
async fn who_finds_the_queue_full_is_told_at_once() {
    let hasher = hasher(WEAK);
    let password = SecretString::from("x");
    let turn = Arc::clone(hasher.turns.running()).acquire_owned().await.expect("open");
    let mut first = pin!(hasher.hash(&password));
    let mut second = pin!(hasher.verify(&password, None));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending(), "the turn is taken");
    let mut third = pin!(hasher.hash(&password));
    let Poll::Ready(Err(error)) = poll!(&mut third) else { panic!("one runs and one waits at the most") };
    assert_eq!((error.kind, error.system), (PortErrorKind::Unavailable, altus4_kernel::System::Crypto));
    drop(turn);
    first.await.expect("its turn has come");
    second.await.expect("its turn has come");
    hasher.hash(&password).await.expect("there is room again");
}

#[tokio::test]
async fn who_stops_waiting_makes_room() {
    let hasher = hasher(WEAK);
    let password = SecretString::from("x");
    let turn = Arc::clone(hasher.turns.running()).acquire_owned().await.expect("open");
    for _ in 0..10 {
        let mut gone = pin!(hasher.hash(&password));
        assert!(poll!(&mut gone).is_pending());
    }
    drop(turn);
    hasher.hash(&password).await.expect("nobody waits any more");
}

#[tokio::test]
async fn a_hash_runs_on_a_thread_of_its_own() {
    let hasher = hasher(WEAK);
    let ran_on = hasher.turns.take(HASH, |_| Ok(thread::current().id())).await.expect("its turn");
    assert_ne!(ran_on, thread::current().id());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hash_yields_to_other_threads_and_to_them_alone() {
    let niceness = || rustix::process::getpriority_process(None).expect("a priority");
    let before = niceness();
    let hasher = hasher(WEAK);
    let of_hash = hasher.turns.take(HASH, move |_| Ok(niceness())).await.expect("its turn");
    assert!(of_hash > before || before == 19, "{of_hash} beside {before}");
    assert_eq!(niceness(), before);
}

#[tokio::test]
async fn a_hash_keeps_its_turn_after_its_caller_has_gone() {
    let hasher = hasher(WEAK);
    let (release, released) = mpsc::channel::<()>();
    {
        let work = move |_: &mut Memory| Ok(released.recv());
        let mut gone = pin!(hasher.turns.take(HASH, work));
        assert!(poll!(&mut gone).is_pending(), "handed to its thread");
    }
    assert_eq!(hasher.turns.running().available_permits(), 0, "another hash could begin beside it");
    drop(release);
    hasher.hash(&SecretString::from("x")).await.expect("the turn is given back at the end");
}

#[tokio::test]
async fn a_hash_that_panics_gives_its_turn_back() {
    let hasher = hasher(WEAK);
    let failed = hasher.turns.take::<()>(HASH, |_| panic!("on purpose")).await;
    assert_eq!(failed.expect_err("no result").kind, PortErrorKind::Unexpected);
    hasher.hash(&SecretString::from("x")).await.expect("its turn has come");
}

#[tokio::test]
async fn memory_that_was_used_before_changes_no_hash() {
    let hasher = hasher(Argon2Config { max_waiting: 10, ..WEAK });
    let larger = self::hasher(Argon2Config { memory_kib: 256, ..WEAK });
    let made = hash(&larger, "correct horse").await;
    // Side by side, so that the memory is handed from one to the next.
    let password = SecretString::from("correct horse");
    let other = SecretString::from("wrong");
    let results = futures::future::join_all([
        hasher.verify(&password, Some(made.clone())),
        hasher.verify(&other, Some(made.clone())),
        hasher.verify(&password, None),
        hasher.verify(&password, Some(made)),
    ]);
    let verdicts: Vec<_> = results.await.into_iter().map(|verdict| verdict.expect("verify")).collect();
    let (right, wrong) = (PasswordVerdict::Match, PasswordVerdict::Mismatch);
    assert_eq!(verdicts, [right, wrong, wrong, right]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for config in [
        Argon2Config { memory_kib: 0, ..WEAK },
        Argon2Config { memory_kib: 15, ..WEAK },
        Argon2Config { memory_kib: u32::MAX, ..WEAK },
        Argon2Config { iterations: 0, ..WEAK },
        Argon2Config { iterations: 101, ..WEAK },
        Argon2Config { parallelism: 0, ..WEAK },
        Argon2Config { parallelism: 65, memory_kib: 1024, ..WEAK },
    ] {
        assert!(matches!(fault(config), HasherFault::Settings { .. }), "{config:?}");
    }
    assert!(matches!(fault(Argon2Config { max_concurrent: 0, ..WEAK }), HasherFault::NoConcurrency));
    hasher(Argon2Config { max_concurrent: usize::MAX, max_waiting: usize::MAX, ..WEAK });
}

#[test]
fn a_fault_says_what_was_asked_for_and_what_is_possible() {
    let sentence = fault(Argon2Config { memory_kib: 7, ..WEAK }).to_string();
    assert!(sentence.contains("7 KiB") && sentence.contains("1048576 KiB"), "{sentence}");
}

#[test]
fn debug_shows_no_hash() {
    let hasher = hasher(WEAK);
    let stand_in = hasher.stand_in.to_string();
    let (_, output) = stand_in.rsplit_once('$').expect("fields");
    let shown = format!("{hasher:?}");
    assert!(shown.contains("64") && !shown.contains(output), "{shown}");
}
