//! A user.

use crate::{ClientId, Email, ExternalId, Instant, Metadata, UserId};

/// A person who subscribes, gives or receives. A user belongs to one client, and the email is
/// unique there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id of the user.
    pub id: UserId,
    /// The client that the user belongs to.
    pub client: ClientId,
    /// The address that gifts to this user are sent to.
    pub email: Email,
    /// The id by which the client knows the user, if it said one. It is unique at the client.
    pub external_id: Option<ExternalId>,
    /// What the client notes about the user.
    pub metadata: Metadata,
    /// The instant at which it was made.
    pub created_at: Instant,
}
