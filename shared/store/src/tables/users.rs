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
