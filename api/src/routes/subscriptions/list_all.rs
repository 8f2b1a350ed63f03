//! `GET /subscriptions`

use super::open_payments::OpenPayments;
use crate::api_error::ApiError;
use crate::extract::{Caller, Reader, invalid_parameter, page_limit, page_start, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::{PlanCode, SubscriptionId, SubscriptionStatus};
use serde::{Deserialize, Serialize};
use store::reads::{self, PageOfClient};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those that have this status now.
    #[param(value_type = Option<SubscriptionStatus>)]
    status: Option<String>,
    /// Only those of this plan.
    #[param(value_type = Option<PlanCode>)]
    plan: Option<String>,
    /// The most subscriptions to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The id of the last subscription of the page before.
    #[param(value_type = Option<i64>)]
    starting_after: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ClientSubscriptionList {
    subscriptions: Vec<SubscriptionView>,
    has_more: bool,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::InvalidRequest];

/// The subscriptions of all users of the caller, newest first.
#[utoipa::path(
    get,
    path = "/subscriptions",
    operation_id = "list_client_subscriptions",
    tag = "subscriptions",
    params(Filter),
    responses((
        status = 200,
        description = "A page of subscriptions.",
        body = ClientSubscriptionList,
    )),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = query::<Filter>(&uri)?.parse(&caller)?;
    let page = reads::client_subscriptions(&state.database, &asked).await?;
    let payments = OpenPayments::of(&state, caller.client, &page.subscriptions).await?;
    let view = |subscription| payments.view(subscription, page.now);
    let subscriptions = page.subscriptions.iter().map(view).collect();
    Ok(respond::json(&ClientSubscriptionList { subscriptions, has_more: page.has_more }))
}

impl Filter {
    fn parse(self, caller: &Caller) -> Result<PageOfClient, ApiError> {
        let status = self.status.map(|text| {
            let wrong = || invalid_parameter("status", "must be a status of a subscription");
            SubscriptionStatus::parse(&text).ok_or_else(wrong)
        });
        let plan = self.plan.map(|text| {
            let wrong = |_| invalid_parameter("plan", "must be the code of a plan");
            PlanCode::parse(&text).map_err(wrong)
        });
        let start = page_start(self.starting_after.as_deref())?;
        Ok(PageOfClient {
            client: caller.client,
            status: status.transpose()?,
            plan: plan.transpose()?.map(|plan| plan.as_str().to_owned()),
            before: start.map(SubscriptionId::new),
            limit: page_limit(self.limit.as_deref())?,
        })
    }
}
