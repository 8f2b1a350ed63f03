//! `GET /payments`

use crate::api_error::ApiError;
use crate::extract::{NamedUser, Reader, invalid_parameter, page_limit, page_start, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::PaymentView;
use domain::{ClientId, ExternalId, PaymentId, PaymentStatus, UserId};
use serde::{Deserialize, Serialize};
use store::reads::{self, PageOfPayments};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those of this user.
    #[param(value_type = Option<UserId>)]
    user_id: Option<String>,
    /// The id by which the client knows that user, in the place of `user_id`.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// Only those that have this status.
    #[param(value_type = Option<PaymentStatus>)]
    status: Option<String>,
    /// The most payments to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The id of the last payment of the page before.
    #[param(value_type = Option<i64>)]
    starting_after: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PaymentList {
    payments: Vec<PaymentView>,
    has_more: bool,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] =
    &[ProblemKind::InvalidRequest, ProblemKind::UserNotFound];

/// The payments of a user of the caller, or of all of them, newest first.
#[utoipa::path(
    get,
    path = "/payments",
    operation_id = "list_payments",
    tag = "payments",
    params(Filter),
    responses((status = 200, description = "A page of payments.", body = PaymentList)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, ApiError> {
    let filter = query::<Filter>(&uri)?;
    let named = NamedUser::of(filter.user_id.as_deref(), filter.external_id.as_deref())?;
    let mut asked = filter.parse(caller.client)?;
    if let Some(named) = named {
        asked.user = Some(named.find(&state, caller.client).await?.id);
    }
    let page = reads::payments(&state.database, &asked).await?;
    let payments = page.payments.iter().map(PaymentView::from).collect();
    Ok(respond::json(&PaymentList { payments, has_more: page.has_more }))
}

impl Filter {
    fn parse(self, client: ClientId) -> Result<PageOfPayments, ApiError> {
        let status = self.status.map(|text| {
            let wrong = || invalid_parameter("status", "must be a status of a payment");
            PaymentStatus::parse(&text).ok_or_else(wrong)
        });
        let start = page_start(self.starting_after.as_deref())?;
        Ok(PageOfPayments {
            client,
            user: None,
            status: status.transpose()?,
            before: start.map(PaymentId::new),
            limit: page_limit(self.limit.as_deref())?,
        })
    }
}
