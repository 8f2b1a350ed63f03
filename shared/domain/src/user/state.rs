//! A user.

use crate::{ClientId, Currency, Email, ExternalId, Instant, Metadata, PaymentMethodId, UserId};

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
    /// The currency in which the user pays: that of the first payment that succeeded.
    pub currency: Option<Currency>,
    /// What the user has to his credit, in that currency, without what is reserved for payments.
    pub credit: u64,
    /// The payment method that is charged.
    pub default_method: Option<PaymentMethodId>,
    /// The instant at which it was made.
    pub created_at: Instant,
}
