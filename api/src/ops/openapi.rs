//! `GET /openapi.json`

use crate::openapi::DOCUMENT;
use crate::respond;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// This document.
///
/// It changes with a release only. Needs no key.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "get_openapi",
    tag = "service",
    security(()),
    responses((status = 200, description = "The document.", body = Object)),
)]
pub(crate) async fn handle() -> Response {
    let mut response = respond::json_text(&DOCUMENT);
    let cached = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, cached);
    response
}
