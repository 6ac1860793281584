//! Changing rows: the one transaction in which a session may do so. Sessions read only; a transaction
//! says that it writes.

use mysql_async::Row;

use crate::{
    dialect,
    error::Fault,
    pool::SessionPool,
    session::{Done, Session},
    statement::Query,
};

/// A transaction. Dropped before its end, it is taken back: its session is closed.
pub(crate) struct Transaction {
    session: Session,
    /// How much of its answers may still be held.
    bytes_left: usize,
}

impl SessionPool {
    /// A transaction that may write, and hold this much of its answers.
    pub(crate) async fn begin(&self, max_bytes: usize) -> Result<Transaction, Fault> {
        let mut session = self.session().await?;
        match begin(&mut session).await {
            // Nothing was done yet, so it can't be done twice.
            Err(fault) if session.is_reused() && fault.is_lost_session() => {
                drop(session);
                self.forget_idle();
                session = self.session().await?;
                begin(&mut session).await?;
            }
            outcome => outcome?,
        }
        Ok(Transaction { session, bytes_left: max_bytes })
    }
}

async fn begin(session: &mut Session) -> Result<(), Fault> {
    session.note_transaction(true);
    session.run(&Query::plain(dialect::BEGIN), &mut 0).await?;
    Ok(())
}

impl Transaction {
    /// The rows of a query.
    pub(crate) async fn read(&mut self, query: &Query) -> Result<Vec<Row>, Fault> {
        Ok(self.run(query).await?.0)
    }

    /// The rows of a statement, and what it did.
    pub(crate) async fn run(&mut self, query: &Query) -> Result<(Vec<Row>, Done), Fault> {
        let before = self.bytes_left;
        let outcome = self.session.run(query, &mut self.bytes_left).await;
        outcome.map_err(|fault| match fault {
            Fault::TooLarge(_) => Fault::TooLarge(before),
            fault => fault,
        })
    }

    /// Makes it last. Where the server doesn't answer, nobody knows whether it did.
    pub(crate) async fn commit(mut self) -> Result<(), Fault> {
        self.session.run(&Query::plain(dialect::COMMIT), &mut 0).await?;
        self.session.note_transaction(false);
        Ok(())
    }

    /// Takes it back. Where the server doesn't answer, it does so by itself.
    pub(crate) async fn roll_back(mut self) {
        if self.session.run(&Query::plain(dialect::ROLL_BACK), &mut 0).await.is_ok() {
            self.session.note_transaction(false);
        }
    }
}
