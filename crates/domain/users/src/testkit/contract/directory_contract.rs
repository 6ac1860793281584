//! The cases of the [`AccountDirectory`](crate::AccountDirectory) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use altus4_kernel::{
    AccountId, AuditEvent, Clock, PageRequest, Plan, PortResult, Role, Timestamp,
    testkit::{FixedClock, sample_event},
    uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    Account, AccountChange, AccountFilter, AccountName, EMAIL_CONSTRAINT, LAST_ADMIN_CONSTRAINT,
    ListedAccount,
    testkit::{UsersSubject, contract::events, sample_account, sample_session},
};

fn start() -> Timestamp {
    FixedClock::default().now()
}

fn id(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

/// Registers account `number` with the session of that number.
async fn registered(subject: &dyn UsersSubject, number: u8, change: impl FnOnce(&mut Account)) -> Account {
    let mut stored = sample_account(number.into(), &format!("user{number}@example.com"));
    change(&mut stored.account);
    let session = sample_session(number, stored.account.id, start());
    let event = sample_event(number.into(), stored.account.id);
    subject.users().insert(&stored, &session, &event).await.expect("insert");
    stored.account
}

async fn administrator(subject: &dyn UsersSubject, number: u8) -> Account {
    registered(subject, number, |account| account.role = Role::Admin).await
}

fn event(number: u128, account_id: AccountId) -> AuditEvent {
    sample_event(number, account_id).about(account_id)
}

/// Changes an account with an event of 1000 and its id.
async fn change(
    subject: &dyn UsersSubject,
    id: AccountId,
    change: AccountChange,
) -> PortResult<Option<ListedAccount>> {
    let event = event(1_000 + id.as_uuid().as_u128(), id);
    subject.directory().change(id, &change, start(), &[event]).await
}

async fn found(subject: &dyn UsersSubject, filter: AccountFilter) -> Vec<u128> {
    let page = PageRequest::default();
    let found = subject.directory().list(&filter, page).await.expect("list");
    assert_eq!(found.total, found.items.len() as u64);
    found.items.iter().map(|listed| listed.account.id.as_uuid().as_u128()).collect()
}

const DEACTIVATE: AccountChange = AccountChange { role: None, plan: None, is_active: Some(false) };
const REACTIVATE: AccountChange = AccountChange { role: None, plan: None, is_active: Some(true) };
const DEMOTE: AccountChange = AccountChange { role: Some(Role::User), plan: None, is_active: None };

/// Pages go from the newest account to the oldest, whether or not they are active.
pub async fn accounts_are_listed_newest_first_with_those_deactivated(subject: &dyn UsersSubject) {
    let mut expected = Vec::new();
    for number in 1u8..=5 {
        let account = registered(subject, number, |_| ()).await;
        let deactivated_at = (number == 2).then(start);
        expected.insert(0, ListedAccount { account, deactivated_at });
    }
    change(subject, id(2), DEACTIVATE).await.expect("change");
    for (page, of) in [(1, 0..2), (2, 2..4), (3, 4..5), (4, 5..5)] {
        let request = PageRequest::new(page, 2).expect("a page");
        let listed = subject.directory().list(&AccountFilter::default(), request).await.expect("list");
        assert_eq!((listed.items.as_slice(), listed.total), (&expected[of], 5), "page {page}");
    }
    let gotten = subject.directory().get(id(2)).await.expect("get").expect("the account");
    assert_eq!((gotten.is_active(), &gotten), (false, &expected[3]));
    assert_eq!(subject.directory().get(id(9)).await.expect("get"), None);
}

/// The text is looked for as it stands, in the address and in the name.
pub async fn accounts_are_found_by_part_of_address_or_name(subject: &dyn UsersSubject) {
    let names = ["Ada Lovelace", "Grace Hopper", "100% \\ real_name", "Žofie"];
    for (number, name) in (1u8..).zip(names) {
        registered(subject, number, |account| account.name = AccountName::parse(name).expect("a name")).await;
    }
    let cases: [(&str, &[u128]); 9] = [
        ("user", &[4, 3, 2, 1]),
        ("USER2@", &[2]),
        ("lovelace", &[1]),
        ("GRACE h", &[2]),
        ("%", &[3]),
        ("_", &[3]),
        ("\\", &[3]),
        ("ofie", &[4]),
        ("nobody", &[]),
    ];
    for (search, expected) in cases {
        let filter = AccountFilter { search: Some(search.to_owned()), ..AccountFilter::default() };
        assert_eq!(found(subject, filter).await, expected, "{search}");
    }
}

/// Role and plan narrow the list, together and with a search.
pub async fn accounts_are_found_by_role_and_plan(subject: &dyn UsersSubject) {
    let grades = [(Role::Admin, Plan::Pro), (Role::User, Plan::Pro), (Role::Admin, Plan::Free)];
    for (number, (role, plan)) in (1u8..).zip(grades) {
        registered(subject, number, |account| (account.role, account.plan) = (role, plan)).await;
    }
    let any = AccountFilter::default();
    let admins = AccountFilter { role: Some(Role::Admin), ..any.clone() };
    let pros = AccountFilter { plan: Some(Plan::Pro), ..any.clone() };
    let both = AccountFilter { plan: Some(Plan::Pro), ..admins.clone() };
    let second = AccountFilter { search: Some("user2".into()), ..pros.clone() };
    for (filter, expected) in
        [(any, vec![3, 2, 1]), (admins, vec![3, 1]), (pros, vec![2, 1]), (both, vec![1]), (second, vec![2])]
    {
        assert_eq!(found(subject, filter).await, expected);
    }
}

/// What isn't named stays; all events are kept, or nothing is changed.
pub async fn a_change_changes_what_it_names_and_keeps_its_events(subject: &dyn UsersSubject) {
    let account = registered(subject, 1, |_| ()).await;
    let wanted = AccountChange { role: Some(Role::Admin), plan: Some(Plan::Free), is_active: None };
    let (directory, kept) = (subject.directory(), [event(1_000, id(1)), event(1_001, id(1))]);
    let taken = [kept[0].clone(), sample_event(1, id(1))];
    directory.change(id(1), &wanted, start(), &taken).await.expect_err("an event's id is taken");
    let unchanged = ListedAccount { account: account.clone(), deactivated_at: None };
    assert_eq!(directory.get(id(1)).await.expect("get"), Some(unchanged));
    assert_eq!(events(subject).await.len(), 1);

    let changed = directory.change(id(1), &wanted, start(), &kept).await.expect("change");
    let account = Account { role: Role::Admin, plan: Plan::Free, ..account };
    let expected = Some(ListedAccount { account: account.clone(), deactivated_at: None });
    assert_eq!(changed, expected);
    assert_eq!(directory.get(id(1)).await.expect("get"), expected);
    assert_eq!(subject.users().find(id(1)).await.expect("find"), Some(account));
    let [first, second] = kept;
    assert_eq!(events(subject).await, [second, first, sample_event(1, id(1))]);
}

/// Nothing happens to an account that isn't there.
pub async fn an_unknown_account_is_not_changed(subject: &dyn UsersSubject) {
    registered(subject, 1, |_| ()).await;
    assert_eq!(change(subject, id(2), DEMOTE).await.expect("change"), None);
    assert_eq!(events(subject).await.len(), 1);
}

/// Back again, with its address and its password, and with no session of before.
pub async fn a_deactivated_account_comes_back_without_its_sessions(subject: &dyn UsersSubject) {
    let account = registered(subject, 1, |_| ()).await;
    let gone = change(subject, id(1), DEACTIVATE).await.expect("change").expect("the account");
    assert_eq!(gone.deactivated_at, Some(start()));
    assert_eq!(subject.users().find(id(1)).await.expect("find"), None);
    let back = [event(2_000, id(1))];
    let back = subject.directory().change(id(1), &REACTIVATE, start(), &back).await.expect("change");
    assert_eq!(back, Some(ListedAccount { account: account.clone(), deactivated_at: None }));
    let found = subject.users().find_by_email(&account.email).await.expect("find by e-mail");
    assert_eq!(found.map(|found| found.account), Some(account));
    assert_eq!(subject.sessions().list_live(id(1), start()).await.expect("list live"), []);
}

/// Whoever registered the address meanwhile keeps it.
pub async fn an_account_whose_address_is_taken_does_not_come_back(subject: &dyn UsersSubject) {
    let first = registered(subject, 1, |_| ()).await;
    change(subject, id(1), DEACTIVATE).await.expect("change");
    registered(subject, 2, |account| account.email = first.email.clone()).await;
    let back = [event(2_000, id(1))];
    let refused = subject.directory().change(id(1), &REACTIVATE, start(), &back).await;
    let refused = refused.expect_err("a conflict");
    assert!(refused.is_conflict_on(EMAIL_CONSTRAINT), "{refused:?}");
    let gotten = subject.directory().get(id(1)).await.expect("get").expect("the account");
    assert!(!gotten.is_active());
    assert_eq!(events(subject).await.len(), 3);
}

/// The only active administrator keeps its role and stays active; its plan may change.
pub async fn the_last_administrator_stays_one(subject: &dyn UsersSubject) {
    administrator(subject, 1).await;
    administrator(subject, 2).await;
    registered(subject, 3, |_| ()).await;
    change(subject, id(2), DEACTIVATE).await.expect("there is another");
    for refused in [DEACTIVATE, DEMOTE] {
        let refused = change(subject, id(1), refused).await.expect_err("the last one");
        assert!(refused.is_conflict_on(LAST_ADMIN_CONSTRAINT), "{refused:?}");
    }
    let plan = AccountChange { plan: Some(Plan::Free), ..AccountChange::default() };
    let changed = change(subject, id(1), plan).await.expect("change").expect("the account");
    assert_eq!((changed.account.role, changed.account.plan), (Role::Admin, Plan::Free));
    change(subject, id(3), DEACTIVATE).await.expect("no administrator");
}

/// All administrators lose their role at once, and one keeps it.
pub async fn of_all_administrators_changed_at_once_one_stays(subject: &dyn UsersSubject) {
    for number in 1u8..=4 {
        administrator(subject, number).await;
    }
    let attempts = (1u128..=4).map(|number| {
        let wanted = if number % 2 == 0 { DEMOTE } else { DEACTIVATE };
        change(subject, id(number), wanted)
    });
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "{outcomes:?}");
    let refused = outcomes.into_iter().find_map(Result::err).expect("one stays");
    assert!(refused.is_conflict_on(LAST_ADMIN_CONSTRAINT), "{refused:?}");
}
