//! What the headers of a submission say of its body.

use crate::api_error::ApiError;
use axum::http::{HeaderMap, HeaderValue, header};
use contract::ProblemKind;

/// An error unless the body is declared as JSON that is not compressed.
pub(super) fn ensure_plain_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if !is_json(headers) {
        let detail = "Send the body with Content-Type: application/json.";
        return Err(ApiError::new(ProblemKind::UnsupportedMediaType, detail)
            .header(header::ACCEPT, HeaderValue::from_static("application/json")));
    }
    if !is_plain(headers) {
        let detail = "Send the body without Content-Encoding.";
        return Err(ApiError::new(ProblemKind::UnsupportedContentEncoding, detail)
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    Ok(())
}

/// Whether the body is what a form of a page sends.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_of_type(headers, "application/x-www-form-urlencoded")
}

fn is_json(headers: &HeaderMap) -> bool {
    is_of_type(headers, "application/json")
}

fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(wanted)
}

/// Whether every coding of the body is the one that changes nothing.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|value| {
        let codings = value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii);
        codings.into_iter().all(|one| one.is_empty() || one.eq_ignore_ascii_case(b"identity"))
    })
}
