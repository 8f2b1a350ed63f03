//! Users as clients see them.

use super::timestamp;
use domain::User;
use serde::Serialize;

/// A user.
#[derive(Debug, Serialize)]
pub struct UserView {
    id: i64,
    email: String,
    created_at: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.get(),
            email: user.email.as_str().to_owned(),
            created_at: timestamp(user.created_at),
        }
    }
}
