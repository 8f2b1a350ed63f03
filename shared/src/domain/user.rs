//! Users.

use super::{ClientId, Email, Instant, UserId};

/// Someone who subscribes, gives or receives. Belongs to one client; its email is unique there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Whose user it is.
    pub client: ClientId,
    /// Where gifts to this user are addressed.
    pub email: Email,
    /// When it was made.
    pub created_at: Instant,
}
