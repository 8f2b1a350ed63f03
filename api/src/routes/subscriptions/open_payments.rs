//! The payments that subscriptions of a list wait for.

use crate::api_error::ApiError;
use crate::state::ApiState;
use contract::view::SubscriptionView;
use domain::{ClientId, Instant, Payment, PaymentId, Subscription};
use std::collections::HashMap;
use store::reads;

/// The payments that subscriptions wait for, by their ids.
pub(super) struct OpenPayments(HashMap<PaymentId, Payment>);

impl OpenPayments {
    /// Those of these subscriptions of the client. Few wait for one, and most lists have none.
    pub(super) async fn of(
        state: &ApiState,
        client: ClientId,
        subscriptions: &[Subscription],
    ) -> Result<Self, ApiError> {
        let open = subscriptions.iter().filter_map(|subscription| subscription.open_payment);
        let ids: Vec<_> = open.map(|payment| payment.id).collect();
        if ids.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        Ok(Self(reads::payments_of_ids(&state.database, client, &ids).await?))
    }

    /// The subscription at `now` with its payment.
    pub(super) fn view(&self, subscription: &Subscription, now: Instant) -> SubscriptionView {
        let payment = subscription.open_payment.and_then(|open| self.0.get(&open.id));
        SubscriptionView::at(subscription, now).with_payment(payment)
    }
}
