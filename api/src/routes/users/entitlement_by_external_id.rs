//! `GET /entitlement`

use super::entitlement::show;
use crate::api_error::ApiError;
use crate::extract::{NamedUser, Reader, invalid_parameter, query};
use crate::state::ApiState;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::EntitlementView;
use domain::ExternalId;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Named {
    /// The id by which the client knows the user.
    #[param(value_type = ExternalId)]
    external_id: Option<String>,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] =
    &[ProblemKind::InvalidRequest, ProblemKind::UserNotFound];

/// Whether the user of that external id is entitled now, and to what.
///
/// It is what `GET /users/{id}/entitlement` says.
#[utoipa::path(
    get,
    path = "/entitlement",
    operation_id = "get_entitlement_by_external_id",
    tag = "users",
    params(Named),
    responses((status = 200, description = "The entitlement.", body = EntitlementView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let external_id = query::<Named>(&uri)?.external_id;
    let named = NamedUser::of(None, external_id.as_deref())?;
    let named = named.ok_or_else(|| invalid_parameter("external_id", "is required"))?;
    // A user keeps its external id for ever, so it may be looked up by itself.
    let user = named.find(&state, caller.client).await?;
    show(&state, &caller, user.id, &headers).await
}
