//! Writes the descriptions of problems: HTML for browsers, JSON for everybody else.

use crate::respond;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use contract::ProblemPage;
use serde::Serialize;

/// The pages change with a release only.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The response with the document that the client prefers.
pub(super) fn negotiated<T: Serialize>(
    headers: &HeaderMap,
    json: impl FnOnce() -> T,
    html: impl FnOnce() -> String,
) -> Response {
    let mut response =
        if wants_html(headers) { Html(html()).into_response() } else { respond::json(&json()) };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::CACHE_CONTROL, CACHED);
    response
}

/// Browsers name `text/html`, other clients do not. So quality values need not be compared.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let essence = range.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("text/html")
    })
}

/// A whole page around `body`.
pub(super) fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         {body}<p><a href=\"/problems\">All problems</a></p>\n</html>\n"
    )
}

/// The part of a page that describes one kind.
pub(super) fn section(kind: &ProblemPage) -> String {
    let ProblemPage { type_uri, title, status, code, meaning, cure, .. } = kind;
    let example = serde_json::to_string_pretty(&kind.example).unwrap_or_default();
    format!(
        "<h1><a href=\"{type_uri}\">{title}</a></h1>\n<p><code>{status} {code}</code></p>\n\
         <p>{meaning}</p>\n<p>{cure}</p>\n<pre>{}</pre>\n",
        escaped(&example)
    )
}

/// Text for use between tags. The titles and texts of kinds are fixed and need it not.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
