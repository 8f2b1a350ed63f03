//! A payment method of a user.

use super::Provider;
use crate::{ClientId, Instant, PaymentMethodId, UserId};

/// A payment method of a user, as the provider keeps it: we have no number of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    /// The id of the method.
    pub id: PaymentMethodId,
    /// The client that the user belongs to.
    pub client: ClientId,
    /// The user whose method it is. Which of his methods is the default is part of the user.
    pub user: UserId,
    /// The provider that keeps it.
    pub provider: Provider,
    /// The provider's name of it: first the token by which it was handed over.
    pub reference: String,
    /// The provider's id of the customer; none until it is attached.
    pub customer: Option<String>,
    /// How far it is.
    pub status: MethodStatus,
    /// What is shown of it; none until it is attached.
    pub card: Option<MethodCard>,
    /// The instant at which it was made.
    pub created_at: Instant,
}

/// What is shown of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodCard {
    /// The brand.
    pub brand: String,
    /// The last four digits.
    pub last4: String,
}

/// How far a method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodStatus {
    /// The provider is asked whether it can be charged.
    Pending,
    /// It can be charged.
    Attached,
    /// The provider has refused it.
    Declined,
    /// The user has taken it away.
    Detached,
}

impl MethodStatus {
    /// The spelling in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Attached => "attached",
            Self::Declined => "declined",
            Self::Detached => "detached",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Attached, Self::Declined, Self::Detached]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}
