//! `altus4 admin`: accounts, looked after by whoever runs the installation. The first administrator
//! is made here, since no open route makes one.

mod password;

use std::{fmt::Write, path::PathBuf};

use altus4_kernel::{Change, ChangeFeed, Origin, PageRequest, Plan, Role, SystemAdmin};
use altus4_users::{
    Account, AccountChange, AccountFilter, AccountName, AdministrationService, Email, ListedAccount,
    NewPassword, Registration,
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};

use crate::{
    cli::print,
    compose::{compose, other_nodes},
    failure::Failure,
    settings::Settings,
};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminStep {
    /// Make an administrator's account. Asks for its password.
    Create {
        /// The account's e-mail address.
        #[arg(value_parser = email)]
        email: Email,
        /// The person's name.
        #[arg(long, default_value = "Administrator", value_parser = name)]
        name: AccountName,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Show the administrators, or all accounts.
    List {
        /// All accounts, also those that were deactivated.
        #[arg(long)]
        all: bool,
    },
    /// Make an account an administrator's.
    Promote {
        /// The account's e-mail address.
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Change an account's plan.
    SetPlan {
        /// The account's e-mail address.
        #[arg(value_parser = email)]
        email: Email,
        /// free, pro or enterprise.
        #[arg(value_parser = plan)]
        plan: Plan,
    },
    /// Give an account a new password, and end all its sessions. Asks for the password.
    ResetPassword {
        /// The account's e-mail address.
        #[arg(value_parser = email)]
        email: Email,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

/// Where a password comes from. Never from an argument: those are for everybody to see.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Take the password from this file instead of the standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

fn email(text: &str) -> Result<Email, &'static str> {
    Email::parse(text).ok_or("it should be an e-mail address")
}

fn name(text: &str) -> Result<AccountName, &'static str> {
    AccountName::parse(text).ok_or("it should have 1 to 100 characters")
}

fn plan(text: &str) -> Result<Plan, &'static str> {
    text.parse().map_err(|_| "it should be 'free', 'pro' or 'enterprise'")
}

/// Does it, and says so.
///
/// # Errors
/// Why it could not be done; then nothing was.
pub(crate) async fn run(step: AdminStep, settings: Settings) -> Result<(), Failure> {
    let password = step.password().map_err(Failure::Start)?;
    // Accounts and sessions are the store's alone: this works while Redis is away. Where it is there,
    // the nodes that serve are told of what changed.
    let changes = other_nodes(&settings).await;
    let application =
        Box::pin(compose(Settings { redis_url: None, ..settings })).await.map_err(Failure::Start)?;
    let services = application.services.clone();
    let desk = Desk {
        accounts: services.administration,
        changes,
        operator: SystemAdmin::operator(),
        origin: Origin::local(services.ids.next_id()),
    };
    let said = desk.act(step, password).await;
    application.open.close().await;
    print(&said.map_err(Failure::Start)?);
    Ok(())
}

impl AdminStep {
    /// The password that the step needs, if it needs one.
    fn password(&self) -> Result<Option<NewPassword>> {
        match self {
            Self::Create { password, .. } | Self::ResetPassword { password, .. } => {
                password::read(password.password_file.as_deref()).map(Some)
            }
            Self::List { .. } | Self::Promote { .. } | Self::SetPlan { .. } => Ok(None),
        }
    }
}

/// The operator at work.
struct Desk {
    accounts: AdministrationService,
    changes: ChangeFeed,
    operator: SystemAdmin,
    origin: Origin,
}

impl Desk {
    /// Does one thing; the text says what was done.
    async fn act(&self, step: AdminStep, password: Option<NewPassword>) -> Result<String> {
        let password = password.ok_or_else(|| anyhow!("a password is needed"));
        match step {
            AdminStep::Create { email, name, .. } => {
                self.create(Registration { email, password: password?, name }).await
            }
            AdminStep::List { all } => self.list(all).await,
            AdminStep::Promote { email } => {
                let change = AccountChange { role: Some(Role::Admin), ..AccountChange::default() };
                self.change(&email, change).await?;
                Ok(format!("{} is an administrator now.\n", email.as_str()))
            }
            AdminStep::SetPlan { email, plan } => {
                self.change(&email, AccountChange { plan: Some(plan), ..AccountChange::default() }).await?;
                Ok(format!("{} has the plan '{}' now.\n", email.as_str(), plan.as_str()))
            }
            AdminStep::ResetPassword { email, .. } => {
                let account = self.find(&email).await?;
                self.accounts.reset_password(self.operator, account.id, &password?, &self.origin).await?;
                Ok(format!("{} has a new password, and its sessions have ended.\n", email.as_str()))
            }
        }
    }

    async fn create(&self, registration: Registration) -> Result<String> {
        let made = self.accounts.create(self.operator, registration, Role::Admin, &self.origin).await;
        let account = made.context("can't make the account")?;
        Ok(format!("Made the administrator {}, {}.\n", account.email.as_str(), account.id))
    }

    async fn change(&self, email: &Email, change: AccountChange) -> Result<()> {
        let account = self.find(email).await?;
        self.accounts.change(self.operator, account.id, change, &self.origin).await?;
        self.changes.announce(Change::Account(account.id)).await;
        Ok(())
    }

    async fn find(&self, email: &Email) -> Result<Account> {
        let found = self.accounts.find_by_email(self.operator, email).await?;
        found.ok_or_else(|| anyhow!("there is no active account with the address {}", email.as_str()))
    }

    async fn list(&self, all: bool) -> Result<String> {
        let filter = AccountFilter { role: (!all).then_some(Role::Admin), ..AccountFilter::default() };
        let mut accounts = Vec::new();
        for number in 1.. {
            let Some(request) = PageRequest::new(number, PageRequest::MAX_LIMIT) else { break };
            let page = self.accounts.list(self.operator, &filter, request).await?;
            let is_last = page.items.len() < request.limit() as usize;
            accounts.extend(page.items);
            if is_last {
                break;
            }
        }
        Ok(table(&accounts))
    }
}

/// A line for each account.
fn table(accounts: &[ListedAccount]) -> String {
    if accounts.is_empty() {
        return "There are none.\n".to_owned();
    }
    let width = accounts.iter().map(|listed| listed.account.email.as_str().chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for listed in accounts {
        let account = &listed.account;
        let state = if listed.is_active() { "active" } else { "deactivated" };
        let (email, role, plan) = (account.email.as_str(), account.role.as_str(), account.plan.as_str());
        let _ = writeln!(text, "{}  {email:<width$}  {role:<5}  {plan:<10}  {state}", account.id);
    }
    text
}
