//! `GET /payment-methods`

use crate::api_error::ApiError;
use crate::extract::{NamedUser, Reader, invalid_parameter, page_limit, page_start, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::PaymentMethodView;
use domain::{ExternalId, PaymentMethodId, UserId};
use serde::{Deserialize, Serialize};
use store::reads::{self, PageOfMethods};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The user whose methods are shown.
    #[param(value_type = Option<UserId>)]
    user_id: Option<String>,
    /// The id by which the client knows that user, in the place of `user_id`.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// The most payment methods to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The id of the last payment method of the page before.
    #[param(value_type = Option<i64>)]
    starting_after: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PaymentMethodList {
    payment_methods: Vec<PaymentMethodView>,
    has_more: bool,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] =
    &[ProblemKind::InvalidRequest, ProblemKind::UserNotFound];

/// The payment methods of a user of the caller that can be charged, newest first.
#[utoipa::path(
    get,
    path = "/payment-methods",
    operation_id = "list_payment_methods",
    tag = "payments",
    params(Filter),
    responses((status = 200, description = "A page of payment methods.", body = PaymentMethodList)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, ApiError> {
    let filter = query::<Filter>(&uri)?;
    let limit = page_limit(filter.limit.as_deref())?;
    let before = page_start(filter.starting_after.as_deref())?.map(PaymentMethodId::new);
    let named = NamedUser::of(filter.user_id.as_deref(), filter.external_id.as_deref())?;
    let named = named.ok_or_else(|| invalid_parameter("user_id", "is required"))?;
    let user = named.find(&state, caller.client).await?;
    let asked = PageOfMethods { client: caller.client, user: user.id, before, limit };
    let page = reads::payment_methods(&state.database, &asked).await?;
    let view = |method: &domain::PaymentMethod| {
        PaymentMethodView::of(method, user.default_method == Some(method.id))
    };
    let payment_methods = page.methods.iter().map(view).collect();
    Ok(respond::json(&PaymentMethodList { payment_methods, has_more: page.has_more }))
}
