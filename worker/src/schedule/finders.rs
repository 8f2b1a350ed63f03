//! The finders: one for each table with rows that can become due. SQL finds rows by their `due_at`;
//! the core says which command each of them needs.

use crate::schedule::job::DueJob;
use domain::{ClientId, Gift, InternalCommand, Subscription};
use std::time::Duration;
use store::due::{self, Cursor, DuePage};
use store::{Database, StoreError};

/// A table with rows that can become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Finder {
    /// Subscriptions.
    Subscriptions,
    /// Gifts.
    Gifts,
}

/// Rows that were due when they were looked for.
pub(crate) struct Found {
    /// Their commands, those first that have been due for longest.
    pub(crate) jobs: Vec<DueJob>,
    /// The rows that nothing can be done about, with the reason.
    pub(crate) unusable: Vec<(i64, String)>,
    /// Where the next rows begin; `None` when there are no more.
    pub(crate) next: Option<Cursor>,
}

impl Finder {
    /// Every finder, in the order of a pass.
    pub(crate) const ALL: [Self; 2] = [Self::Subscriptions, Self::Gifts];

    /// The kind of rows, in metrics and logs.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Subscriptions => "subscription",
            Self::Gifts => "gift",
        }
    }

    /// For how long the most overdue row has been due; zero if nothing is due.
    pub(crate) async fn lag(self, database: &Database) -> Result<Duration, StoreError> {
        Ok(match self {
            Self::Subscriptions => lag_of(&due::subscriptions(database, None, 1).await?),
            Self::Gifts => lag_of(&due::gifts(database, None, 1).await?),
        })
    }

    /// At most `limit` rows that are due, from `after` on.
    pub(crate) async fn find(
        self,
        database: &Database,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Found, StoreError> {
        match self {
            Self::Subscriptions => {
                let page = due::subscriptions(database, after, limit).await?;
                Ok(Found::of(page, limit, |row: &Subscription| (row.client, row.due())))
            }
            Self::Gifts => {
                let page = due::gifts(database, after, limit).await?;
                Ok(Found::of(page, limit, |row: &Gift| (row.client, row.due())))
            }
        }
    }
}

/// For how long the first row of a page has been due.
fn lag_of<Row>(page: &DuePage<Row>) -> Duration {
    let first = page.rows.first().map(|first| page.now - first.cursor.due_at);
    first.and_then(|lag| lag.to_std().ok()).unwrap_or_default()
}

impl Found {
    fn of<Row>(
        page: DuePage<Row>,
        limit: u32,
        due: impl Fn(&Row) -> (ClientId, Option<InternalCommand>),
    ) -> Self {
        let is_full = page.rows.len() >= limit as usize;
        let next = page.rows.last().map(|last| last.cursor).filter(|_| is_full);
        let mut found = Self { jobs: Vec::new(), unusable: Vec::new(), next };
        for row in page.rows {
            let Cursor { due_at, id } = row.cursor;
            match row.row.map(|row| due(&row)) {
                Ok((client, Some(command))) => {
                    found.jobs.push(DueJob::new(id, due_at, client, command));
                }
                Ok((_, None)) => found.unusable.push((id, "its due_at is wrong".to_owned())),
                Err(error) => found.unusable.push((id, error.to_string())),
            }
        }
        found
    }
}
