//! What searches are summed up for.

use std::collections::{BTreeSet, HashMap};

use altus4_analytics::{Environments, Figures, LoggedSearch, Whose};
use altus4_kernel::{AccountId, Environment};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{
    entity::search_scope::{ActiveModel, Column, Entity, Model},
    error::Fault,
    usage::{chunks, padded},
};

/// No database: all of them.
const ALL: &str = "";
/// The environment of scopes of accounts that are gone.
pub(super) const GONE: &str = "gone";

/// Everybody's scope; made with the table.
pub(super) fn system(environment: Environment) -> i64 {
    match environment {
        Environment::Live => 1,
        Environment::Test => 2,
    }
}

/// An account, an environment, and a database or all.
type Place = (String, Environment, String);

/// The scopes that some searches belong to.
pub(super) struct Scopes(HashMap<Place, i64>);

impl Scopes {
    /// Those of these searches. What isn't there yet is made; whoever calls holds the accounts' rows.
    /// Everybody's are locked.
    pub(super) async fn of(
        searches: &[LoggedSearch],
        transaction: &DatabaseTransaction,
    ) -> Result<Self, Fault> {
        let places: BTreeSet<Place> = searches.iter().flat_map(places).collect();
        let mut accounts: Vec<_> = places.iter().map(|(account, ..)| account.clone()).collect();
        accounts.dedup();
        let mut known = find(&accounts, transaction).await?;
        let missing: Vec<_> = places.iter().filter(|place| !known.contains_key(*place)).collect();
        if !missing.is_empty() {
            for chunk in chunks(&missing) {
                let rows = chunk.iter().map(|(account, environment, database)| ActiveModel {
                    id: NotSet,
                    account_id: Set(Some(account.clone())),
                    environment: Set(environment.as_str().to_owned()),
                    database_id: Set(database.clone()),
                });
                Entity::insert_many(rows).exec_without_returning(transaction).await?;
            }
            known = find(&accounts, transaction).await?;
        }
        let everybody: BTreeSet<_> = searches.iter().map(|search| system(search.environment)).collect();
        Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(everybody))
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .into_tuple::<i64>()
            .all(transaction)
            .await?;
        Ok(Self(known))
    }

    /// The account's own scopes of a search: of all its databases, and of each that it went to.
    pub(super) fn of_account(&self, search: &LoggedSearch) -> Result<Vec<i64>, Fault> {
        let id = |place| self.0.get(&place).copied().ok_or(Fault::Corrupt("search_scopes"));
        places(search).map(id).collect()
    }

    /// The same, and everybody's.
    pub(super) fn of_search(&self, search: &LoggedSearch) -> Result<Vec<i64>, Fault> {
        let mut scopes = self.of_account(search)?;
        scopes.push(system(search.environment));
        Ok(scopes)
    }
}

fn places(search: &LoggedSearch) -> impl Iterator<Item = Place> {
    let place = |database: String| (search.account_id.to_string(), search.environment, database);
    let databases: BTreeSet<_> = search.databases.iter().map(ToString::to_string).collect();
    std::iter::once(ALL.to_owned()).chain(databases).map(place)
}

async fn find(accounts: &[String], transaction: &DatabaseTransaction) -> Result<HashMap<Place, i64>, Fault> {
    let mut known = HashMap::new();
    for accounts in padded(accounts) {
        let rows = Entity::find().filter(Column::AccountId.is_in(accounts)).all(transaction).await?;
        for Model { id, account_id, environment, database_id } in rows {
            let environment = environment.parse().map_err(|_| Fault::Corrupt("search_scopes.environment"))?;
            known.insert((account_id.unwrap_or_default(), environment, database_id), id);
        }
    }
    Ok(known)
}

/// The scopes that figures are read from: one for each environment, at most.
pub(super) async fn wanted(figures: Figures, connection: &impl ConnectionTrait) -> Result<Vec<i64>, Fault> {
    let (account, database) = match figures.whose {
        Whose::System => return Ok(figures.environments.each().iter().copied().map(system).collect()),
        Whose::Account(account) => (account, ALL.to_owned()),
        Whose::Database(account, database) => (account, database.to_string()),
    };
    let rows = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::AccountId.eq(account.to_string()))
        .filter(Column::Environment.is_in(names(figures.environments)))
        .filter(Column::DatabaseId.eq(database))
        .into_tuple::<i64>()
        .all(connection)
        .await?;
    Ok(rows)
}

/// The scopes of an account's single databases, with these.
pub(super) async fn of_databases(
    account: AccountId,
    environments: Environments,
    connection: &impl ConnectionTrait,
) -> Result<Vec<(i64, String)>, Fault> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Id, Column::DatabaseId])
        .filter(Column::AccountId.eq(account.to_string()))
        .filter(Column::Environment.is_in(names(environments)))
        .filter(Column::DatabaseId.ne(ALL))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

pub(super) fn names(environments: Environments) -> Vec<&'static str> {
    environments.each().iter().map(|environment| environment.as_str()).collect()
}

/// Takes an account's figures out of everybody's reach; they are removed bit by bit later, as a year's
/// would be one long transaction.
pub(crate) async fn leave(account: AccountId, transaction: &DatabaseTransaction) -> Result<(), Fault> {
    Entity::update_many()
        .col_expr(Column::AccountId, Expr::value(None::<String>))
        .col_expr(Column::Environment, Expr::value(GONE))
        .filter(Column::AccountId.eq(account.to_string()))
        .exec(transaction)
        .await?;
    Ok(())
}
