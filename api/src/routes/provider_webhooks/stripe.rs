//! `POST /provider-webhooks/stripe`

use super::receive::{Taken, receive};
use crate::api_error::ApiError;
use crate::state::ApiState;
use axum::extract::{Request, State};
use axum::response::Response;
use domain::Provider;

/// Takes what Stripe tells us.
///
/// It needs neither an API key nor an `Idempotency-Key`: the body is signed with
/// `STRIPE_WEBHOOK_SECRETS`. The same event is taken once, and an event of another type than those
/// that matter is dropped.
#[utoipa::path(
    post,
    path = "/provider-webhooks/stripe",
    operation_id = "receive_stripe_webhook",
    tag = "payments",
    params(("Stripe-Signature" = String, Header, description = "`t=`, `v1=`: see docs/API.md.")),
    request_body(content = Object, description = "An event, as its provider writes it."),
    responses((status = 200, description = "It was taken.", body = Taken)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    receive(&state, Provider::Stripe, request).await
}
