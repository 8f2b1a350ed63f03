//! `GET /entitlement`

use super::entitlement::{not_found, show};
use crate::api_error::ApiError;
use crate::extract::{Reader, invalid_parameter, query};
use crate::state::ApiState;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::EntitlementView;
use domain::ExternalId;
use serde::Deserialize;
use store::reads::{self, PageOfUsers};
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
    params(
        Named,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what is known."),
    ),
    responses(
        (status = 200, description = "The entitlement.", body = EntitlementView,
            headers(
                ("ETag" = String, description = "It is another when the entitlement is."),
                ("Cache-Control" = String, description = "For how long it may be kept."),
            )),
        (status = 304, description = "The entitlement is what is known."),
    ),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let external_id = query::<Named>(&uri)?.parse()?;
    // A user keeps its external id for ever, so it may be looked up by itself.
    let named = PageOfUsers {
        client: caller.client,
        external_id: Some(external_id),
        email: None,
        before: None,
        limit: 1,
    };
    let found = reads::users(&state.database, &named).await?;
    let user = found.users.first().ok_or_else(not_found)?;
    show(&state, &caller, user.id, &headers).await
}

impl Named {
    fn parse(self) -> Result<ExternalId, ApiError> {
        let text =
            self.external_id.ok_or_else(|| invalid_parameter("external_id", "is required"))?;
        let wrong =
            |error: domain::InvalidExternalId| invalid_parameter("external_id", &error.to_string());
        ExternalId::parse(&text).map_err(wrong)
    }
}
