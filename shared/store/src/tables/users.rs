//! The table `users`.

use super::inconsistent;
use crate::StoreError;
use domain::{ClientId, Email, ExternalId, Instant, Metadata, User, UserId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(crate) struct UserRow<'a> {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) email: Cow<'a, str>,
    pub(crate) external_id: Option<Cow<'a, str>>,
    pub(crate) metadata: Cow<'a, Metadata>,
    pub(crate) created_at: Instant,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_users {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, email, external_id, metadata, created_at" + $after,
                     $($argument),+)
    };
}
pub(crate) use query_users;

/// The parts of the statement of a batch that write new users and changed ones: see `changes.rs`.
/// An external id never changes.
macro_rules! write_users {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            "WITH changed_users AS (
                UPDATE users SET email = written.email, metadata = written.metadata
                FROM json_populate_recordset(NULL::users, $6::text::json) AS written
                WHERE users.client_id = written.client_id AND users.id = written.id),
            new_users AS (
                INSERT INTO users (id, client_id, email, external_id, metadata, created_at)
                SELECT id, client_id, email, external_id, metadata, created_at
                FROM json_populate_recordset(NULL::users, $1::text::json))"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_users;

impl<'a> From<&'a User> for UserRow<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.get(),
            client_id: user.client.get(),
            email: user.email.as_str().into(),
            external_id: user.external_id.as_ref().map(|id| id.as_str().into()),
            metadata: Cow::Borrowed(&user.metadata),
            created_at: user.created_at,
        }
    }
}

impl TryFrom<UserRow<'_>> for User {
    type Error = StoreError;

    fn try_from(row: UserRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("users", column, row.id);
        let external_id = row.external_id.map(|id| ExternalId::parse(&id)).transpose();
        Ok(Self {
            id: UserId::new(row.id),
            client: ClientId::new(row.client_id),
            email: Email::parse(&row.email).map_err(|_| unknown("email"))?,
            external_id: external_id.map_err(|_| unknown("external_id"))?,
            metadata: row.metadata.into_owned(),
            created_at: row.created_at,
        })
    }
}
