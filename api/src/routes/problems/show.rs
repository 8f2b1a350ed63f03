//! `GET /problems/{slug}`

use super::page;
use crate::api_error::ApiError;
use crate::routes::not_found;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use contract::{Problem, ProblemKind, ProblemPage};

/// The kind of problem whose URI this is.
#[utoipa::path(
    get,
    path = "/problems/{slug}",
    operation_id = "get_problem",
    tag = "problems",
    security(()),
    params(("slug" = String, Path, description = "The code of the kind, with dashes.")),
    responses(
        (status = 200, description = "The kind.", body = ProblemPage),
        (status = 404, description = "There is no such kind.", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn handle(uri: Uri, headers: HeaderMap) -> Result<Response, ApiError> {
    let Some(kind) = ProblemKind::of_path(uri.path()) else {
        return Err(not_found(uri).await);
    };
    let kind = ProblemPage::from(kind);
    Ok(page::negotiated(&headers, || &kind, || page::html(kind.title, &page::section(&kind))))
}
