//! What the service says and keeps, over fakes.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, Actor, AuditAction, Credential, Granted, Origin, Outcome, PageRequest, Plan, Principal, Role,
    SystemAdmin,
    grants::Admin,
    secrecy::{ExposeSecret, SecretString},
    testkit::{FixedClock, InMemoryAuditLog, SequentialIds, block_on},
};

use crate::{
    Account, AccountChange, AccountName, AdministrationService, Email, NewPassword, ProfileChange,
    Registration, TokenPair, UserError, UserPorts, UserService, UserSettings,
    testkit::{FakePasswordHasher, FakeTokenIssuer, InMemoryUsers},
};

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "staple of another kind";

struct Desk {
    service: UserService,
    administration: AdministrationService,
    audit: InMemoryAuditLog,
    clock: FixedClock,
}

impl Desk {
    fn new() -> Self {
        let (audit, clock) = (InMemoryAuditLog::default(), FixedClock::default());
        let users = InMemoryUsers::with_audit_log(audit.clone());
        let ports = UserPorts {
            users: Arc::new(users.clone()),
            sessions: Arc::new(users.clone()),
            audit: Arc::new(audit.clone()),
            passwords: Arc::new(FakePasswordHasher),
            tokens: Arc::new(FakeTokenIssuer::default()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequentialIds::default()),
        };
        let settings = UserSettings::default();
        let administration = AdministrationService::new(ports.clone(), Arc::new(users), settings);
        Self { service: UserService::new(ports, settings), administration, audit, clock }
    }

    fn register(&self, email: &str) -> (Account, TokenPair) {
        block_on(self.service.register(registration(email), &origin())).expect("register")
    }

    fn login(&self, email: &str, password: &str) -> Result<(Account, TokenPair), UserError> {
        block_on(self.service.login(Email::parse(email), password.into(), &origin()))
    }

    fn caller(&self, tokens: &TokenPair) -> Result<Principal, UserError> {
        block_on(self.service.authenticate(tokens.access_token.expose_secret()))
    }

    fn granted(&self, tokens: &TokenPair) -> Granted<Admin> {
        self.caller(tokens).expect("a session").require().expect("every permission")
    }

    fn change_password(&self, tokens: &TokenPair, current: &str) -> Result<(), UserError> {
        let caller = self.caller(tokens).expect("a session");
        let Credential::Session { id } = caller.credential else { panic!("{caller:?}") };
        let (current, new) = (SecretString::from(current), new_password(OTHER));
        block_on(self.service.change_password(caller.account_id, id, &current, &new, &origin()))
    }

    fn change(&self, id: AccountId, change: AccountChange) -> Result<(), UserError> {
        let operator = SystemAdmin::operator();
        block_on(self.administration.change(operator, id, change, &origin())).map(drop)
    }
}

fn origin() -> Origin {
    Origin::new("r-1", Some("203.0.113.7"), Some("curl/8"))
}

fn new_password(text: &str) -> NewPassword {
    NewPassword::parse(text.into()).expect("a password")
}

fn registration(email: &str) -> Registration {
    Registration {
        email: Email::parse(email).expect("an address"),
        password: new_password(PASSWORD),
        name: AccountName::parse("Ada").expect("a name"),
    }
}

#[test]
fn logins_and_failed_ones_are_kept_with_their_origin() {
    let desk = Desk::new();
    let (account, _) = desk.register("ada@example.com");
    desk.login("ada@example.com", PASSWORD).expect("login");
    desk.login("ada@example.com", OTHER).expect_err("a wrong password");
    desk.login("eve@example.com", PASSWORD).expect_err("an unknown address");
    desk.login("no address", PASSWORD).expect_err("no address");

    let kept: Vec<_> = desk
        .audit
        .events()
        .into_iter()
        .map(|event| (event.action, event.account_id, event.actor, event.outcome))
        .collect();
    let (own, owner) = (Some(account.id), Actor::Account(account.id));
    let refused = |account_id| (AuditAction::SessionRefused, account_id, Actor::Anonymous, Outcome::Refused);
    assert_eq!(
        kept,
        [
            (AuditAction::AccountRegistered, own, owner, Outcome::Succeeded),
            (AuditAction::SessionBegun, own, owner, Outcome::Succeeded),
            refused(own),
            refused(None),
            refused(None),
        ]
    );
    assert!(desk.audit.events().iter().all(|event| event.origin == origin()));
}

#[test]
fn no_event_holds_a_secret_or_an_address() {
    let desk = Desk::new();
    let (_, tokens) = desk.register("ada@example.com");
    desk.login("ada@example.com", OTHER).expect_err("a wrong password");
    let refreshed = block_on(desk.service.refresh(&tokens.refresh_token, &origin())).expect("refresh");
    desk.change_password(&refreshed, PASSWORD).expect("change");
    block_on(desk.service.refresh(&tokens.refresh_token, &origin())).expect_err("used before");
    let kept = format!("{:?}", desk.audit.events());
    let secrets = [PASSWORD, OTHER, "ada@", tokens.refresh_token.expose_secret()];
    for secret in secrets.into_iter().chain([refreshed.access_token.expose_secret()]) {
        assert!(!kept.contains(secret), "{kept}");
    }
    assert!(desk.audit.actions().contains(&AuditAction::SessionReused));
}

#[test]
fn a_new_password_ends_every_other_session() {
    let desk = Desk::new();
    let (_, first) = desk.register("ada@example.com");
    let (_, second) = desk.login("ada@example.com", PASSWORD).expect("login");
    desk.change_password(&second, PASSWORD).expect("change");
    assert!(matches!(desk.caller(&first), Err(UserError::InvalidToken)));
    desk.caller(&second).expect("the session that changed it");
    desk.login("ada@example.com", PASSWORD).expect_err("the old password");
    desk.login("ada@example.com", OTHER).expect("the new password");
}

#[test]
fn a_wrong_present_password_changes_nothing_and_is_kept() {
    let desk = Desk::new();
    let (_, first) = desk.register("ada@example.com");
    let (_, second) = desk.login("ada@example.com", PASSWORD).expect("login");
    let refused = desk.change_password(&second, OTHER);
    assert!(matches!(refused, Err(UserError::InvalidCredentials)), "{refused:?}");
    desk.caller(&first).expect("the other session");
    desk.login("ada@example.com", PASSWORD).expect("the old password");
    let events = desk.audit.events();
    let kept = events.iter().find(|event| event.action == AuditAction::PasswordChanged).expect("the try");
    assert_eq!(kept.outcome, Outcome::Refused);
}

#[test]
fn a_session_is_ended_by_its_own_account_alone() {
    let desk = Desk::new();
    let (ada, tokens) = desk.register("ada@example.com");
    let (eve, _) = desk.register("eve@example.com");
    let session = block_on(desk.service.sessions(ada.id)).expect("sessions").remove(0);
    assert_eq!(session.client.address.as_deref(), Some("203.0.113.7"));
    let end = |account| block_on(desk.service.end_session(account, session.id, &origin()));
    assert!(matches!(end(eve.id), Err(UserError::NoSuchSession(_))));
    desk.caller(&tokens).expect("it lives");
    end(ada.id).expect("end");
    assert!(matches!(end(ada.id), Err(UserError::NoSuchSession(_))));
    assert!(matches!(desk.caller(&tokens), Err(UserError::InvalidToken)));
    assert_eq!(block_on(desk.service.sessions(ada.id)).expect("sessions"), []);
}

#[test]
fn a_profile_keeps_what_is_not_changed_and_takes_no_address_of_another() {
    let desk = Desk::new();
    let (ada, tokens) = desk.register("ada@example.com");
    desk.register("eve@example.com");
    let granted = desk.granted(&tokens);
    let update = |change| block_on(desk.service.update_profile(granted, &change, &origin()));
    let name = ProfileChange { name: AccountName::parse("Countess"), email: None };
    let changed = update(name.clone()).expect("update");
    assert_eq!((changed.name.as_str(), &changed.email), ("Countess", &ada.email));
    let taken = update(ProfileChange { name: None, email: Email::parse("EVE@example.com") });
    assert!(matches!(taken, Err(UserError::EmailTaken)), "{taken:?}");
    update(name).expect("the same again");
    update(ProfileChange::default()).expect("nothing");
    let kept = desk.audit.actions().into_iter().filter(|action| *action == AuditAction::ProfileChanged);
    assert_eq!(kept.count(), 1, "what changes nothing is no event");
}

#[test]
fn a_deactivated_account_is_gone_and_its_address_free() {
    let desk = Desk::new();
    let (ada, tokens) = desk.register("ada@example.com");
    block_on(desk.service.deactivate(ada.id, &origin())).expect("deactivate");
    assert!(matches!(desk.caller(&tokens), Err(UserError::InvalidToken)));
    block_on(desk.service.refresh(&tokens.refresh_token, &origin())).expect_err("its session ended");
    desk.login("ada@example.com", PASSWORD).expect_err("no such account");
    let again = block_on(desk.service.deactivate(ada.id, &origin()));
    assert!(matches!(again, Err(UserError::InvalidToken)), "{again:?}");
    let (second, _) = desk.register("ada@example.com");
    assert_ne!(second.id, ada.id);
}

#[test]
fn a_purge_waits_as_long_as_it_was_told() {
    let desk = Desk::new();
    let (ada, _) = desk.register("ada@example.com");
    block_on(desk.service.deactivate(ada.id, &origin())).expect("deactivate");
    let day = Duration::from_hours(24);
    let purge = || block_on(desk.service.purge_deactivated(day * 30)).expect("purge");
    desk.clock.advance(day * 30);
    assert_eq!(purge(), 0);
    desk.clock.advance(Duration::from_millis(1));
    assert_eq!(purge(), 1);
    let gone = block_on(desk.administration.get(SystemAdmin::operator(), ada.id));
    assert!(matches!(gone, Err(UserError::NoSuchAccount(_))), "{gone:?}");
}

#[test]
fn sessions_that_are_over_are_removed_after_a_day() {
    let desk = Desk::new();
    let (_, kept) = desk.register("ada@example.com");
    for _ in 0..250 {
        let (account, tokens) = desk.login("ada@example.com", PASSWORD).expect("login");
        let Credential::Session { id } = desk.caller(&tokens).expect("a session").credential else {
            panic!("a session")
        };
        block_on(desk.service.logout(account.id, id, &origin())).expect("logout");
    }
    let purge = || block_on(desk.service.purge_sessions()).expect("purge");
    desk.clock.advance(Duration::from_hours(24));
    assert_eq!(purge(), 0);
    desk.clock.advance(Duration::from_millis(1));
    assert_eq!(purge(), 250);
    block_on(desk.service.refresh(&kept.refresh_token, &origin())).expect("its session lives");
}

#[test]
fn an_account_sees_its_own_log_alone() {
    let desk = Desk::new();
    let (ada, tokens) = desk.register("ada@example.com");
    desk.register("eve@example.com");
    desk.change(ada.id, AccountChange { plan: Some(Plan::Free), ..AccountChange::default() })
        .expect("change");
    let own = block_on(desk.service.audit(desk.granted(&tokens), PageRequest::default())).expect("audit");
    let kept: Vec<_> = own.items.iter().map(|event| (event.action, event.actor)).collect();
    let registered = (AuditAction::AccountRegistered, Actor::Account(ada.id));
    assert_eq!(kept, [(AuditAction::PlanChanged, Actor::Operator), registered]);
}

#[test]
fn a_change_by_an_administrator_has_one_event_for_each_thing_that_changes() {
    let desk = Desk::new();
    let (ada, tokens) = desk.register("ada@example.com");
    let wanted =
        AccountChange { role: Some(Role::Admin), plan: Some(Plan::Enterprise), is_active: Some(true) };
    desk.change(ada.id, wanted).expect("change");
    desk.change(ada.id, wanted).expect("the same again");
    assert_eq!(desk.audit.actions()[1..], [AuditAction::RoleChanged]);
    assert!(desk.caller(&tokens).expect("a session").require_system_admin().is_ok(), "at once");

    for refused in [
        AccountChange { role: Some(Role::User), ..AccountChange::default() },
        AccountChange { is_active: Some(false), ..AccountChange::default() },
    ] {
        let refused = desk.change(ada.id, refused);
        assert!(matches!(refused, Err(UserError::LastAdministrator)), "{refused:?}");
    }
    let refused = block_on(desk.service.deactivate(ada.id, &origin()));
    assert!(matches!(refused, Err(UserError::LastAdministrator)), "{refused:?}");
}

#[test]
fn a_deactivated_account_comes_back_unless_its_address_is_taken() {
    let desk = Desk::new();
    let (ada, tokens) = desk.register("ada@example.com");
    let active = |is_active| AccountChange { is_active: Some(is_active), ..AccountChange::default() };
    desk.change(ada.id, active(false)).expect("deactivate");
    assert!(desk.caller(&tokens).is_err());
    desk.change(ada.id, active(true)).expect("reactivate");
    assert!(desk.caller(&tokens).is_err(), "its sessions stay ended");
    desk.login("ada@example.com", PASSWORD).expect("its password is still good");

    desk.change(ada.id, active(false)).expect("deactivate");
    desk.register("ada@example.com");
    let taken = desk.change(ada.id, active(true));
    assert!(matches!(taken, Err(UserError::EmailTaken)), "{taken:?}");
}

#[test]
fn the_operator_makes_the_first_administrator_and_resets_passwords() {
    let desk = Desk::new();
    let operator = SystemAdmin::operator();
    let create = || {
        let wanted = registration("root@example.com");
        block_on(desk.administration.create(operator, wanted, Role::Admin, &origin()))
    };
    let admin = create().expect("create");
    assert!(matches!(create(), Err(UserError::EmailTaken)));
    let (_, tokens) = desk.login("root@example.com", PASSWORD).expect("login");
    desk.caller(&tokens).expect("a session").require_system_admin().expect("an administrator");

    let reset =
        |id| block_on(desk.administration.reset_password(operator, id, &new_password(OTHER), &origin()));
    reset(admin.id).expect("reset");
    assert!(desk.caller(&tokens).is_err(), "every session ends");
    desk.login("root@example.com", OTHER).expect("the new password");
    let unknown = AccountId::from_uuid(altus4_kernel::uuid::Uuid::from_u128(99));
    assert!(matches!(reset(unknown), Err(UserError::NoSuchAccount(_))));
    let by_operator = |event: &&altus4_kernel::AuditEvent| event.actor == Actor::Operator;
    assert!(desk.audit.events().iter().filter(by_operator).all(|event| event.account_id == Some(admin.id)));
}
