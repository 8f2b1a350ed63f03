//! `GET /plans`

use crate::api_error::ApiError;
use crate::extract::{Reader, invalid_parameter, page_limit, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::PlanView;
use domain::{ClientId, PlanCode};
use serde::{Deserialize, Serialize};
use store::plans::{self, PageOf};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// Whether retired plans are shown, too.
    #[param(value_type = Option<bool>)]
    retired: Option<String>,
    /// The most plans to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The code of the last plan of the page before.
    #[param(value_type = Option<PlanCode>)]
    starting_after: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PlanList {
    plans: Vec<PlanView>,
    has_more: bool,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::InvalidRequest];

/// The plans of the caller, newest first.
#[utoipa::path(
    get,
    path = "/plans",
    operation_id = "list_plans",
    tag = "plans",
    params(Page),
    responses((status = 200, description = "A page of plans.", body = PlanList)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = query::<Page>(&uri)?.parse(caller.client)?;
    let page = plans::list(&state.database, &asked).await?;
    let plans = page.plans.iter().map(PlanView::from).collect();
    Ok(respond::json(&PlanList { plans, has_more: page.has_more }))
}

impl Page {
    fn parse(self, client: ClientId) -> Result<PageOf, ApiError> {
        let retired = match self.retired.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(invalid_parameter("retired", "must be true or false")),
        };
        let limit = page_limit(self.limit.as_deref())?;
        let after = self.starting_after.map(|text| PlanCode::parse(&text)).transpose();
        let wrong = |_| invalid_parameter("starting_after", "must be the code of a plan");
        let after = after.map_err(wrong)?;
        Ok(PageOf { client, retired, after, limit })
    }
}
