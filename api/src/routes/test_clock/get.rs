//! `GET /test-clock`

use crate::api_error::ApiError;
use crate::extract::Reader;
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::TestClockView;
use store::reads;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::NotATestClient];

/// The clock of the caller, a test client.
///
/// Its time stands still. All instants that it is shown are of this clock, except those at which
/// its jobs were submitted or given up.
#[utoipa::path(
    get,
    path = "/test-clock",
    operation_id = "get_test_clock",
    tag = "test clock",
    responses((status = 200, description = "The clock.", body = TestClockView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
) -> Result<Response, ApiError> {
    let clock = reads::test_clock(&state.database, caller.client).await?.ok_or_else(|| {
        ApiError::new(ProblemKind::NotATestClient, "Only a test client has a clock of its own.")
    })?;
    Ok(respond::json(&TestClockView::from(&clock)))
}
