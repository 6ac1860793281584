//! Who may try to log in, register or change a password now, before anything costly is done for them.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use altus4_kernel::{AccountId, Clock};

use crate::{Admission, AttemptLimiter, Email, Quota, UserError};

/// How often logins, registrations and changes of a password may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Logins from one address.
    pub login_by_address: Quota,
    /// Logins with one e-mail, from wherever, whether or not it has an account.
    pub login_by_email: Quota,
    /// Registrations from one address.
    pub registration_by_address: Quota,
    /// Changes of a password from one address.
    pub password_change_by_address: Quota,
    /// Changes of one account's password, from wherever.
    pub password_change_by_account: Quota,
}

/// Ten a minute of each.
impl Default for AttemptLimits {
    fn default() -> Self {
        let quota = Quota::per_minute(10);
        Self {
            login_by_address: quota,
            login_by_email: quota,
            registration_by_address: quota,
            password_change_by_address: quota,
            password_change_by_account: quota,
        }
    }
}

/// Stands before [`UserService`](crate::UserService): asked before a password is hashed or the store
/// is read. Right and wrong attempts count alike.
#[derive(Clone)]
pub struct AttemptGuard {
    limiter: Arc<dyn AttemptLimiter>,
    clock: Arc<dyn Clock>,
    limits: AttemptLimits,
}

impl AttemptGuard {
    /// The guard over this limiter.
    #[must_use]
    pub fn new(limiter: Arc<dyn AttemptLimiter>, clock: Arc<dyn Clock>, limits: AttemptLimits) -> Self {
        Self { limiter, clock, limits }
    }

    /// Counts a login from this address with this e-mail (`None` where the text is no address, and
    /// no account can be meant). Callers whose address isn't known count as one.
    ///
    /// # Errors
    /// [`UserError::TooManyAttempts`]; `Port` when nothing could be counted, and the attempt MUST NOT
    /// go on then either.
    pub async fn admit_login(&self, address: Option<IpAddr>, email: Option<&Email>) -> Result<(), UserError> {
        // The address first: one that is over its limit can't use up the attempts of others' e-mails.
        self.admit("login:address", &network(address), self.limits.login_by_address).await?;
        match email {
            Some(email) => self.admit("login:email", email.as_str(), self.limits.login_by_email).await,
            None => Ok(()),
        }
    }

    /// Counts a registration from this address.
    ///
    /// # Errors
    /// As [`AttemptGuard::admit_login`].
    pub async fn admit_registration(&self, address: Option<IpAddr>) -> Result<(), UserError> {
        self.admit("register:address", &network(address), self.limits.registration_by_address).await
    }

    /// Counts a change of this account's password from this address: whoever got hold of a session
    /// must not find out by it what the password is.
    ///
    /// # Errors
    /// As [`AttemptGuard::admit_login`].
    pub async fn admit_password_change(
        &self,
        address: Option<IpAddr>,
        account_id: AccountId,
    ) -> Result<(), UserError> {
        let AttemptLimits { password_change_by_address, password_change_by_account, .. } = self.limits;
        self.admit("password:address", &network(address), password_change_by_address).await?;
        self.admit("password:account", &account_id.to_string(), password_change_by_account).await
    }

    async fn admit(&self, purpose: &str, whose: &str, quota: Quota) -> Result<(), UserError> {
        let now = self.clock.now();
        match self.limiter.admit(&format!("{purpose}:{whose}"), quota, now).await? {
            Admission::Admitted => Ok(()),
            Admission::Refused { retry_after } => Err(UserError::TooManyAttempts {
                limit: quota.limit,
                retry_after,
                reset_at: now + retry_after,
            }),
        }
    }
}

/// What counts as one address: IPv6 by its /64, which is the least that a single customer gets.
fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use altus4_kernel::{
        PortError, PortErrorKind, PortResult, System, Timestamp,
        testkit::{FixedClock, block_on},
    };
    use async_trait::async_trait;

    use super::*;
    use crate::testkit::InMemoryAttemptLimiter;

    const ADA: &str = "ada@example.com";
    const BOB: &str = "bob@example.com";

    struct Desk {
        clock: FixedClock,
        guard: AttemptGuard,
    }

    impl Desk {
        fn new(login_by_address: u32, login_by_email: u32, registration_by_address: u32) -> Self {
            Self::with(AttemptLimits {
                login_by_address: Quota::per_minute(login_by_address),
                login_by_email: Quota::per_minute(login_by_email),
                registration_by_address: Quota::per_minute(registration_by_address),
                ..AttemptLimits::default()
            })
        }

        fn with(limits: AttemptLimits) -> Self {
            let clock = FixedClock::default();
            let limiter = Arc::new(InMemoryAttemptLimiter::default());
            let guard = AttemptGuard::new(limiter, Arc::new(clock.clone()), limits);
            Self { clock, guard }
        }

        fn login(&self, address: &str, email: &str) -> Result<(), UserError> {
            let address = Some(address.parse().expect("an address"));
            block_on(self.guard.admit_login(address, Email::parse(email).as_ref()))
        }

        fn logins(&self, count: usize, address: &str, email: &str) {
            for _ in 0..count {
                self.login(address, email).expect("within the limit");
            }
        }

        fn register(&self, address: Option<&str>) -> Result<(), UserError> {
            let address = address.map(|address| address.parse().expect("an address"));
            block_on(self.guard.admit_registration(address))
        }
    }

    fn is_refused(result: &Result<(), UserError>) -> bool {
        matches!(result, Err(UserError::TooManyAttempts { .. }))
    }

    #[test]
    fn ten_a_minute_are_admitted_unless_said_otherwise() {
        let ten = Quota { limit: 10, window: Duration::from_mins(1) };
        let expected = AttemptLimits {
            login_by_address: ten,
            login_by_email: ten,
            registration_by_address: ten,
            password_change_by_address: ten,
            password_change_by_account: ten,
        };
        assert_eq!(AttemptLimits::default(), expected);
    }

    #[test]
    fn a_refusal_says_the_limit_and_when_to_come_again() {
        let desk = Desk::new(2, 9, 9);
        desk.logins(1, "203.0.113.7", ADA);
        desk.clock.advance(Duration::from_secs(15));
        desk.logins(1, "203.0.113.7", ADA);
        let refusal = desk.login("203.0.113.7", ADA);
        let Err(UserError::TooManyAttempts { limit, retry_after, reset_at }) = refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!((limit, retry_after), (2, Duration::from_secs(45)));
        assert_eq!(reset_at, desk.clock.now() + retry_after);
        desk.clock.advance(retry_after);
        desk.logins(1, "203.0.113.7", ADA);
    }

    #[test]
    fn an_e_mail_is_limited_however_many_addresses_try_it() {
        let desk = Desk::new(9, 2, 9);
        desk.logins(1, "203.0.113.7", ADA);
        desk.logins(1, "198.51.100.1", " ADA@Example.com ");
        assert!(is_refused(&desk.login("192.0.2.1", ADA)));
        desk.logins(1, "192.0.2.1", BOB);
    }

    #[test]
    fn an_address_is_limited_however_many_e_mails_it_tries() {
        let desk = Desk::new(2, 9, 9);
        desk.logins(1, "203.0.113.7", ADA);
        desk.logins(1, "203.0.113.7", BOB);
        assert!(is_refused(&desk.login("203.0.113.7", "eve@example.com")));
        desk.logins(1, "198.51.100.1", "eve@example.com");
    }

    #[test]
    fn an_address_over_its_limit_uses_up_nobodys_e_mail() {
        let desk = Desk::new(1, 1, 9);
        desk.logins(1, "203.0.113.7", ADA);
        assert!(is_refused(&desk.login("203.0.113.7", BOB)));
        desk.logins(1, "198.51.100.1", BOB);
    }

    #[test]
    fn what_is_no_e_mail_is_limited_by_its_address() {
        let desk = Desk::new(2, 9, 9);
        desk.logins(2, "203.0.113.7", "no address");
        assert!(is_refused(&desk.login("203.0.113.7", "no address either")));
    }

    #[test]
    fn the_addresses_of_one_64_count_as_one() {
        let desk = Desk::new(2, 9, 9);
        desk.logins(1, "2001:db8:1:2::1", ADA);
        desk.logins(1, "2001:db8:1:2:ffff:ffff:ffff:ffff", ADA);
        assert!(is_refused(&desk.login("2001:db8:1:2:3:4:5:6", ADA)));
        desk.logins(1, "2001:db8:1:3::1", ADA);
    }

    #[test]
    fn an_ipv4_address_counts_alike_however_it_is_written() {
        let desk = Desk::new(2, 9, 9);
        desk.logins(1, "203.0.113.7", ADA);
        desk.logins(1, "::ffff:203.0.113.7", ADA);
        assert!(is_refused(&desk.login("203.0.113.7", ADA)));
        desk.logins(1, "::ffff:203.0.113.8", ADA);
    }

    #[test]
    fn logins_and_registrations_are_counted_apart() {
        let desk = Desk::new(1, 1, 1);
        desk.logins(1, "203.0.113.7", ADA);
        desk.register(Some("203.0.113.7")).expect("the first");
        assert!(is_refused(&desk.register(Some("203.0.113.7"))));
        desk.register(Some("198.51.100.1")).expect("another address");
    }

    #[test]
    fn changes_of_a_password_are_limited_by_account_and_by_address() {
        let quota = |limit| Quota::per_minute(limit);
        let limits = AttemptLimits {
            password_change_by_address: quota(3),
            password_change_by_account: quota(2),
            ..AttemptLimits::default()
        };
        let desk = Desk::with(limits);
        let [ada, bob] = [1, 2].map(|id| AccountId::from_uuid(altus4_kernel::uuid::Uuid::from_u128(id)));
        let change = |address: &str, id| {
            let address = Some(address.parse().expect("an address"));
            block_on(desk.guard.admit_password_change(address, id))
        };
        change("203.0.113.7", ada).expect("the first");
        change("198.51.100.1", ada).expect("the second");
        assert!(is_refused(&change("192.0.2.1", ada)), "wherever it comes from");
        change("203.0.113.7", bob).expect("another account");
        change("203.0.113.7", bob).expect("the third from there");
        assert!(is_refused(&change("203.0.113.7", ada)));
        desk.logins(1, "203.0.113.7", ADA);
    }

    #[test]
    fn callers_without_an_address_count_as_one() {
        let desk = Desk::new(9, 9, 1);
        desk.register(None).expect("the first");
        assert!(is_refused(&desk.register(None)));
    }

    #[test]
    fn what_cannot_be_counted_is_not_admitted() {
        struct Gone;
        #[async_trait]
        impl AttemptLimiter for Gone {
            async fn admit(&self, _: &str, _: Quota, _: Timestamp) -> PortResult<Admission> {
                Err(PortError::new(PortErrorKind::Timeout, System::Cache, "attempts.admit"))
            }
        }
        let guard =
            AttemptGuard::new(Arc::new(Gone), Arc::new(FixedClock::default()), AttemptLimits::default());
        let result = block_on(guard.admit_registration(None));
        assert!(matches!(result, Err(UserError::Port(_))), "{result:?}");
    }
}
