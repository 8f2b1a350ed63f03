//! `GET /subscriptions/{user_id}`

use super::open_payments::OpenPayments;
use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader, page_limit, page_start, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::SubscriptionView;
use domain::{Refusal, SubscriptionId, UserId};
use serde::{Deserialize, Serialize};
use store::reads::PageOf;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// The most subscriptions to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The id of the last subscription of the page before.
    #[param(value_type = Option<i64>)]
    starting_after: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct SubscriptionList {
    user_id: UserId,
    subscriptions: Vec<SubscriptionView>,
    has_more: bool,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] =
    &[ProblemKind::InvalidRequest, ProblemKind::UserNotFound];

/// The subscriptions of a user of the caller, newest first.
#[utoipa::path(
    get,
    path = "/subscriptions/{user_id}",
    operation_id = "list_subscriptions",
    tag = "subscriptions",
    params(("user_id" = UserId, Path, description = "The id of the user."), Page),
    responses((status = 200, description = "A page of subscriptions.", body = SubscriptionList)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (limit, before) = query::<Page>(&uri)?.parse()?;
    let not_found = || ApiError::from(refusal::problem(&Refusal::UserNotFound));
    let user = UserId::new(parameter.id().ok_or_else(not_found)?);
    let asked = PageOf { client: caller.client, user, before, limit };
    let page = state.pages.call(asked).await??.ok_or_else(not_found)?;
    let payments = OpenPayments::of(&state, caller.client, &page.subscriptions).await?;
    let view = |subscription| payments.view(&page.line.row_at(subscription, page.now), page.now);
    Ok(respond::json(&SubscriptionList {
        user_id: user,
        subscriptions: page.subscriptions.iter().map(view).collect(),
        has_more: page.has_more,
    }))
}

impl Page {
    fn parse(self) -> Result<(u32, Option<SubscriptionId>), ApiError> {
        let limit = page_limit(self.limit.as_deref())?;
        let start = page_start(self.starting_after.as_deref())?;
        Ok((limit, start.map(SubscriptionId::new)))
    }
}
