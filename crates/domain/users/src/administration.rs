//! The use cases of those who look after all accounts: administrators, and the operator on the
//! command line.

use std::sync::Arc;

use altus4_kernel::{
    AccountId, AuditAction, AuditEvent, AuditFilter, Origin, Page, PageRequest, Role, SystemAdmin,
};

use crate::{
    Account, AccountChange, AccountDirectory, AccountFilter, Email, ListedAccount, NewAccount, NewPassword,
    PasswordChange, Registration, UserError, UserPorts, UserSettings,
    ports::{EMAIL_CONSTRAINT, LAST_ADMIN_CONSTRAINT},
};

/// Looks after accounts. Every method asks for the proof that its caller may.
#[derive(Clone)]
pub struct AdministrationService {
    ports: UserPorts,
    directory: Arc<dyn AccountDirectory>,
    settings: UserSettings,
}

impl AdministrationService {
    /// The service over these ports.
    #[must_use]
    pub fn new(ports: UserPorts, directory: Arc<dyn AccountDirectory>, settings: UserSettings) -> Self {
        Self { ports, directory, settings }
    }

    /// Accounts, the newest first; also those that were deactivated.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        _: SystemAdmin,
        filter: &AccountFilter,
        page: PageRequest,
    ) -> Result<Page<ListedAccount>, UserError> {
        Ok(self.directory.list(filter, page).await?)
    }

    /// One account.
    ///
    /// # Errors
    /// [`UserError::NoSuchAccount`].
    pub async fn get(&self, _: SystemAdmin, id: AccountId) -> Result<ListedAccount, UserError> {
        self.directory.get(id).await?.ok_or(UserError::NoSuchAccount(id))
    }

    /// The active account with this address.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find_by_email(&self, _: SystemAdmin, email: &Email) -> Result<Option<Account>, UserError> {
        Ok(self.ports.users.find_by_email(email).await?.map(|found| found.account))
    }

    /// Changes an account's role and plan, deactivates it or takes it back. One event for each thing
    /// that does change, in the log of that account. What is open to the databases of a deactivated
    /// account is for the caller to close.
    ///
    /// # Errors
    /// [`UserError::NoSuchAccount`]; [`UserError::LastAdministrator`]; [`UserError::EmailTaken`] when
    /// the address of an account to be taken back belongs to another by now.
    pub async fn change(
        &self,
        admin: SystemAdmin,
        id: AccountId,
        change: AccountChange,
        origin: &Origin,
    ) -> Result<ListedAccount, UserError> {
        let before = self.get(admin, id).await?;
        let change = AccountChange {
            role: change.role.filter(|role| *role != before.account.role),
            plan: change.plan.filter(|plan| *plan != before.account.plan),
            is_active: change.is_active.filter(|active| *active != before.is_active()),
        };
        if change == AccountChange::default() {
            return Ok(before);
        }
        let now = self.ports.clock.now();
        let actions = [
            change.role.map(|_| AuditAction::RoleChanged),
            change.plan.map(|_| AuditAction::PlanChanged),
            change.is_active.map(|active| {
                if active { AuditAction::AccountReactivated } else { AuditAction::AccountDeactivated }
            }),
        ];
        let events: Vec<AuditEvent> = actions
            .into_iter()
            .flatten()
            .map(|action| self.ports.event(admin.actor(), action, origin, now).in_log_of(id).about(id))
            .collect();
        match self.directory.change(id, &change, now, &events).await {
            Ok(account) => account.ok_or(UserError::NoSuchAccount(id)),
            Err(error) if error.is_conflict_on(LAST_ADMIN_CONSTRAINT) => Err(UserError::LastAdministrator),
            Err(error) if error.is_conflict_on(EMAIL_CONSTRAINT) => Err(UserError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes an account of this role that nobody is logged in to.
    ///
    /// # Errors
    /// [`UserError::EmailTaken`]; [`UserError::Password`].
    pub async fn create(
        &self,
        admin: SystemAdmin,
        registration: Registration,
        role: Role,
        origin: &Origin,
    ) -> Result<Account, UserError> {
        registration.password.check_for(&registration.email, &registration.name)?;
        let password = self.ports.passwords.hash(registration.password.secret()).await?;
        let now = self.ports.clock.now();
        let account = Account {
            id: AccountId::from_uuid(self.ports.ids.next_id()),
            email: registration.email,
            name: registration.name,
            role,
            plan: self.settings.default_plan,
            created_at: now,
            last_active: now,
        };
        let event = self.ports.event(admin.actor(), AuditAction::AccountRegistered, origin, now);
        let event = event.in_log_of(account.id).about(account.id);
        let stored = NewAccount { account: account.clone(), password };
        match self.ports.users.insert_without_session(&stored, &event).await {
            Ok(()) => Ok(account),
            Err(error) if error.is_conflict_on(EMAIL_CONSTRAINT) => Err(UserError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives an account a new password and ends all its sessions.
    ///
    /// # Errors
    /// [`UserError::NoSuchAccount`]; [`UserError::Password`].
    pub async fn reset_password(
        &self,
        admin: SystemAdmin,
        id: AccountId,
        new: &NewPassword,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let account = self.get(admin, id).await?.account;
        new.check_for(&account.email, &account.name)?;
        let new = self.ports.passwords.hash(new.secret()).await?;
        let now = self.ports.clock.now();
        let event = self.ports.event(admin.actor(), AuditAction::PasswordReset, origin, now);
        let change = PasswordChange { old: None, new, keep: None, at: now };
        let event = event.in_log_of(id).about(id);
        let changed = self.ports.users.change_password(id, &change, &event).await?;
        if changed { Ok(()) } else { Err(UserError::NoSuchAccount(id)) }
    }

    /// The audit log of all accounts, or of one, the newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn audit(
        &self,
        _: SystemAdmin,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, UserError> {
        Ok(self.ports.audit.list(&filter, page).await?)
    }
}
