//! `GET /subscription/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::SubscriptionView;
use domain::{Refusal, SubscriptionId};
use store::reads;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::SubscriptionNotFound];

/// A subscription of the caller, with its newest payment.
#[utoipa::path(
    get,
    path = "/subscription/{id}",
    operation_id = "get_subscription",
    tag = "subscriptions",
    params(("id" = SubscriptionId, Path, description = "The id of the subscription.")),
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::from(refusal::problem(&Refusal::SubscriptionNotFound));
    let id = SubscriptionId::new(parameter.id().ok_or_else(not_found)?);
    let found = reads::subscription(&state.database, caller.client, id).await?;
    let (subscription, line, now) = found.ok_or_else(not_found)?;
    let payment = reads::payment_of_subscription(&state.database, caller.client, id).await?;
    let view = SubscriptionView::at(&line.row_at(&subscription, now), now);
    Ok(respond::json(&view.with_payment(payment.as_ref())))
}
