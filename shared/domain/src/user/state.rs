//! A user.

use crate::{ClientId, Email, Instant, UserId};

/// Someone who subscribes, gives or receives. Belongs to one client; the email is unique there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The client that the user belongs to.
    pub client: ClientId,
    /// The address that gifts to this user are sent to.
    pub email: Email,
    /// When it was made.
    pub created_at: Instant,
}
