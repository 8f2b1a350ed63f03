//! The table `users`.

use super::inconsistent;
use crate::StoreError;
use domain::{ClientId, Email, Instant, User, UserId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(crate) struct UserRow<'a> {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) email: Cow<'a, str>,
    pub(crate) created_at: Instant,
}

/// The part of the statement of a batch that writes new users: see `changes.rs`.
macro_rules! write_users {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            "WITH new_users AS (
                INSERT INTO users (id, client_id, email, created_at)
                SELECT id, client_id, email, created_at
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
            created_at: user.created_at,
        }
    }
}

impl TryFrom<UserRow<'_>> for User {
    type Error = StoreError;

    fn try_from(row: UserRow<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::new(row.id),
            client: ClientId::new(row.client_id),
            email: Email::parse(&row.email).map_err(|_| inconsistent("users", "email", row.id))?,
            created_at: row.created_at,
        })
    }
}
