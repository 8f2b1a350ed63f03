//! `GET /problems`

use super::page;
use axum::http::HeaderMap;
use axum::response::Response;
use contract::{ProblemKind, ProblemPage};

/// Every kind of problem.
pub(crate) async fn handle(headers: HeaderMap) -> Response {
    let kinds = || ProblemKind::ALL.iter().copied().map(ProblemPage::from);
    page::negotiated(
        &headers,
        || serde_json::json!({ "problems": kinds().collect::<Vec<_>>() }),
        || page::html("Problems", &kinds().map(|kind| page::section(&kind)).collect::<String>()),
    )
}
