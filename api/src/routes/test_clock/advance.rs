//! `POST /test-clock/advance`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::AdvancedClockView;
use domain::AdvanceClock;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::NotATestClient,
    ProblemKind::ClockAdvancing,
    ProblemKind::ClockBackwards,
    ProblemKind::ClockTooFar,
];

/// Moves the clock of the caller, a test client.
///
/// All that becomes due on the way is done in its order, each at its own instant. The job runs
/// until the clock stands at its target; as long as it does, other commands of the client are
/// answered with 503 `clock_advancing`, and another advance is refused with 409.
#[utoipa::path(
    post,
    path = "/test-clock/advance",
    operation_id = "advance_test_clock",
    tag = "test clock",
    request_body = AdvanceClock,
    responses((status = 200, description = "The clock as it stands.", body = AdvancedClockView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<AdvanceClock>(state, request).await
}
