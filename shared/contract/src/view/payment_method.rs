//! Payment methods as clients see them.

use super::timestamp;
use domain::{PaymentMethod, PaymentMethodId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A payment method of a user. The number of a card is known to the provider alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentMethodView {
    id: PaymentMethodId,
    user_id: UserId,
    /// Whether it is the one that is charged.
    is_default: bool,
    /// The brand of the card; null until the provider has told it.
    #[schema(required, example = "visa")]
    brand: Option<String>,
    /// The last four digits of the card.
    #[schema(required, example = "4242")]
    last4: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl PaymentMethodView {
    /// The method, which is the one that is charged or not.
    #[must_use]
    pub fn of(method: &PaymentMethod, is_default: bool) -> Self {
        let card = method.card.as_ref();
        let (brand, last4) = card.map(|card| (card.brand.clone(), card.last4.clone())).unzip();
        Self {
            id: method.id,
            user_id: method.user,
            is_default,
            brand,
            last4,
            created_at: timestamp(method.created_at),
        }
    }
}
