//! `GET /problems`

use super::page;
use axum::http::HeaderMap;
use axum::response::Response;
use contract::{ProblemKind, ProblemPage};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
struct ProblemList {
    problems: Vec<ProblemPage>,
}

/// Every kind of problem.
#[utoipa::path(
    get,
    path = "/problems",
    operation_id = "list_problems",
    tag = "problems",
    security(()),
    responses((status = 200, description = "Every kind.", body = ProblemList)),
)]
pub(crate) async fn handle(headers: HeaderMap) -> Response {
    let kinds = || ProblemKind::ALL.iter().copied().map(ProblemPage::from);
    page::negotiated(
        &headers,
        || ProblemList { problems: kinds().collect() },
        || page::html("Problems", &kinds().map(|kind| page::section(&kind)).collect::<String>()),
    )
}
