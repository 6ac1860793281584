//! What `altus4 keys` says.

use std::{collections::BTreeSet, fmt::Write};

use altus4_kernel::KeyStanding;

use super::{Census, rotate::Tally};

/// The variable that the keys are listed in.
const SETTING: &str = "ALTUS4_ENCRYPTION_KEYS";

/// A line for each kind and key, and one for each key that nothing is sealed under.
pub(super) fn status(key_ids: &[String], found: &[(&'static str, Census)]) -> String {
    let mut text = String::new();
    for (name, census) in found {
        if census.is_empty() {
            let _ = writeln!(text, "{name:<22}{:>9}", 0);
        }
        for (key, count) in census {
            let under = match key {
                Some(key) => format!("under '{}'  {}", key.id, standing(key.standing)),
                None => "spoilt: of a form that nothing sealed has".to_owned(),
            };
            let _ = writeln!(text, "{name:<22}{count:>9}  {under}");
        }
    }
    let used = under(found, |_| true);
    for id in key_ids.iter().filter(|id| !used.contains(id.as_str())) {
        let _ = writeln!(text, "Nothing is sealed under '{id}'.");
    }
    text
}

fn standing(standing: KeyStanding) -> &'static str {
    match standing {
        KeyStanding::Newest => "(the newest)",
        KeyStanding::Older => "(older)",
        KeyStanding::Unknown => "(not in the list: can't be opened)",
    }
}

/// Why a list of one key is no list to rotate with.
pub(super) fn lone_key(key_ids: &[String], found: &[(&'static str, Census)]) -> Option<String> {
    let [only] = key_ids else { return None };
    let others = under(found, |standing| standing != KeyStanding::Newest);
    let other = others.first()?;
    let count = count(found, |key| key.is_some_and(|standing| standing != KeyStanding::Newest));
    Some(format!(
        "{SETTING} has only '{only}', and {} sealed under {}: list the older key after the newest one, as in \
         {SETTING}={only}:…,{other}:…",
        counted(count, "is", "are"),
        quoted(&others),
    ))
}

/// What was done, what could not be, and what is to be done next.
pub(super) fn summary(
    key_ids: &[String],
    tallies: &[Tally],
    left: &[(&'static str, Census)],
    dry_run: bool,
) -> String {
    let done = if dry_run { "to re-seal" } else { "re-sealed" };
    let mut text = format!("{:<22}{done:>12}{:>14}{:>9}\n", "", "already new", "failed");
    for tally in tallies {
        let Tally { name, resealed, already_newest, unopened, .. } = tally;
        let _ = writeln!(text, "{name:<22}{resealed:>12}{already_newest:>14}{:>9}", unopened.len());
    }
    if tallies.iter().any(|tally| !tally.unopened.is_empty()) {
        text.push_str("\nCan't be opened, and left as they are:\n");
        for tally in tallies {
            for place in &tally.unopened {
                let _ = writeln!(text, "  {} {place}", tally.owner);
            }
        }
    }
    text.push('\n');
    text.push_str(&advice(key_ids, left, dry_run));
    text
}

/// Which keys may go, and what comes first.
fn advice(key_ids: &[String], left: &[(&'static str, Census)], dry_run: bool) -> String {
    if dry_run {
        return "Nothing was changed.\n".to_owned();
    }
    let Some((newest, older)) = key_ids.split_first() else { return String::new() };
    let used = under(left, |standing| standing == KeyStanding::Older);
    let (needed, free): (Vec<_>, Vec<_>) = older.iter().map(String::as_str).partition(|id| used.contains(id));
    let mut text = String::new();
    if !needed.is_empty() {
        let _ = writeln!(text, "Keep {} in {SETTING}: something is still sealed under it.", quoted(needed));
    }
    if !free.is_empty() {
        let free = quoted(free);
        let _ = writeln!(
            text,
            "Nothing is left under {free}. Before you take it out of {SETTING}: every node of the service \
             must have been restarted with '{newest}' first in the list before this run. If one was not, \
             restart it and run this again; else take {free} out, and restart every node."
        );
    }
    if older.is_empty() {
        let _ = writeln!(text, "There is no older key than '{newest}' in {SETTING}.");
    }
    text
}

/// Why the exit code is not 0; `None` where it is.
pub(super) fn complaint(tallies: &[Tally], left: &[(&'static str, Census)], dry_run: bool) -> Option<String> {
    let failed: usize = tallies.iter().map(|tally| tally.unopened.len()).sum();
    let failed = u64::try_from(failed).unwrap_or(u64::MAX);
    if failed > 0 {
        let unknown = under(left, |standing| standing == KeyStanding::Unknown);
        let reason = if unknown.is_empty() {
            "spoilt".to_owned()
        } else {
            format!("sealed under {}, or spoilt", quoted(unknown))
        };
        let failed = counted(failed, "can't", "can't");
        return Some(format!("{failed} be opened with the keys in {SETTING} ({reason})"));
    }
    let older = under(left, |standing| standing == KeyStanding::Older);
    if dry_run || older.is_empty() {
        return None;
    }
    let count = count(left, |key| key == Some(KeyStanding::Older));
    Some(format!(
        "{} sealed under {} while this ran: restart every node with the newest key first in {SETTING}, and run \
         this again",
        counted(count, "was", "were"),
        quoted(older),
    ))
}

/// The ids of the keys of this standing that anything is sealed under.
fn under<'a>(
    found: &'a [(&'static str, Census)],
    is_wanted: impl Fn(KeyStanding) -> bool,
) -> BTreeSet<&'a str> {
    let keys = found.iter().flat_map(|(_, census)| census.keys().flatten());
    keys.filter(|key| is_wanted(key.standing)).map(|key| key.id.as_str()).collect()
}

fn count(found: &[(&'static str, Census)], is_wanted: impl Fn(Option<KeyStanding>) -> bool) -> u64 {
    let all = found.iter().flat_map(|(_, census)| census);
    all.filter(|(key, _)| is_wanted(key.as_ref().map(|key| key.standing))).map(|(_, count)| count).sum()
}

/// So many secrets, with the verb that goes with them.
fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("one secret {one}") } else { format!("{count} secrets {many}") }
}

fn quoted<'a>(ids: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| format!("'{}'", id.as_ref())).collect();
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{AccountId, MasterKey, SealedPlace, uuid::Uuid};

    use super::*;

    /// Passwords under keys of these names and standings, and no answers.
    fn found(counts: &[(Option<(&str, KeyStanding)>, u64)]) -> Vec<(&'static str, Census)> {
        let key = |(id, standing): (&str, KeyStanding)| MasterKey { standing, id: id.to_owned() };
        let passwords = counts.iter().map(|(under, count)| (under.map(key), *count)).collect();
        vec![("connection passwords", passwords), ("kept answers", Census::new())]
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn tally(resealed: u64, failed: &[&str]) -> Vec<Tally> {
        let account_id = AccountId::from_uuid(Uuid::nil());
        let place = |id: &&str| SealedPlace { account_id, id: (*id).to_owned() };
        let unopened = failed.iter().map(place).collect();
        vec![Tally {
            name: "connection passwords",
            owner: "connection",
            resealed,
            already_newest: 3,
            unopened,
        }]
    }

    #[test]
    fn a_status_tells_every_key() {
        let spoilt = (None, 1);
        let under =
            [(Some(("new", KeyStanding::Newest)), 12), (Some(("lost", KeyStanding::Unknown)), 3), spoilt];
        insta::assert_snapshot!(status(&ids(&["new", "old"]), &found(&under)));
    }

    #[test]
    fn a_single_key_is_refused_where_another_was_used() {
        let used =
            found(&[(Some(("new", KeyStanding::Newest)), 2), (Some(("old", KeyStanding::Unknown)), 5)]);
        insta::assert_snapshot!(lone_key(&ids(&["new"]), &used).unwrap());
        assert_eq!(lone_key(&ids(&["new", "other"]), &used), None);
        let alone = found(&[(Some(("new", KeyStanding::Newest)), 2), (None, 1)]);
        assert_eq!(lone_key(&ids(&["new"]), &alone), None);
    }

    #[test]
    fn older_keys_may_go_when_nothing_is_left_under_them() {
        let left = found(&[(Some(("new", KeyStanding::Newest)), 8)]);
        insta::assert_snapshot!(summary(&ids(&["new", "old"]), &tally(5, &[]), &left, false));
        assert_eq!(complaint(&tally(5, &[]), &left, false), None);
        let alone = summary(&ids(&["new"]), &tally(0, &[]), &left, false);
        assert!(alone.contains("no older key"), "{alone}");
    }

    #[test]
    fn what_cannot_be_opened_is_named_and_keeps_its_key() {
        let left = found(&[
            (Some(("new", KeyStanding::Newest)), 8),
            (Some(("old", KeyStanding::Older)), 1),
            (Some(("lost", KeyStanding::Unknown)), 1),
        ]);
        let tallies = tally(5, &["a", "b"]);
        insta::assert_snapshot!(summary(&ids(&["new", "old", "older"]), &tallies, &left, false));
        insta::assert_snapshot!(complaint(&tallies, &left, false).unwrap());
    }

    #[test]
    fn what_was_sealed_under_an_older_key_meanwhile_is_told() {
        let left = found(&[(Some(("new", KeyStanding::Newest)), 8), (Some(("old", KeyStanding::Older)), 1)]);
        insta::assert_snapshot!(complaint(&tally(5, &[]), &left, false).unwrap());
    }

    #[test]
    fn a_rehearsal_says_that_nothing_was_changed() {
        let left = found(&[(Some(("old", KeyStanding::Older)), 5)]);
        let text = summary(&ids(&["new", "old"]), &tally(5, &[]), &left, true);
        assert!(text.contains("to re-seal") && text.ends_with("Nothing was changed.\n"), "{text}");
        assert_eq!(complaint(&tally(5, &[]), &left, true), None);
    }
}
