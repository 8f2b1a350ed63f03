//! Requests that are refused whatever they ask for, and what every answer to the others says.

use crate::api_error::ApiError;
use crate::middleware::loopback_name::{is_loopback_authority, is_loopback_origin};
use crate::settings::AuthMode;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::ProblemKind;

/// Headers that say one thing. A request with two of them means one thing to a proxy and another
/// one to us. Two `Idempotency-Key` have a problem of their own, and the HTTP library refuses
/// different `Content-Length`.
const ONCE: [HeaderName; 4] =
    [header::HOST, header::AUTHORIZATION, header::CONTENT_TYPE, header::ORIGIN];

/// Answers are for the one who asked, also those that say no. So no cache may store one, except
/// pages that are the same for everybody and say so themselves.
const NOT_STORED: HeaderValue = HeaderValue::from_static("no-store");

/// Refuses a request that is ambiguous, or that a web page may have forged.
pub(crate) async fn guard(State(auth): State<AuthMode>, request: Request, next: Next) -> Response {
    match ensure_once(request.headers()).and_then(|()| ensure_local(auth, &request)) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn ensure_once(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    match ONCE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("Send one {name} header, not several.");
            Err(ApiError::new(ProblemKind::HeaderRepeated, detail))
        }
    }
}

/// In open mode everybody on the machine is let in, and so is every web page in a browser on it,
/// if its name resolves to a loopback address. But a browser says which name and page it was.
fn ensure_local(auth: AuthMode, request: &Request) -> Result<(), ApiError> {
    if auth == AuthMode::Required {
        return Ok(());
    }
    let (headers, target) = (request.headers(), request.uri().authority());
    let local = |value: &HeaderValue, is: fn(&str) -> bool| value.to_str().is_ok_and(is);
    if target.is_some_and(|name| !is_loopback_authority(name.as_str()))
        || headers.get(header::HOST).is_some_and(|host| !local(host, is_loopback_authority))
    {
        let detail = "Without API keys the api answers to localhost and loopback addresses only.";
        return Err(ApiError::new(ProblemKind::HostNotAllowed, detail));
    }
    if headers.get(header::ORIGIN).is_some_and(|page| !local(page, is_loopback_origin)) {
        let detail = "Without API keys the api answers pages of this machine only.";
        return Err(ApiError::new(ProblemKind::OriginNotAllowed, detail));
    }
    Ok(())
}

/// Says that an answer is not to be stored, unless it says for how long it may be.
pub(crate) async fn forbid_storing(mut response: Response) -> Response {
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(NOT_STORED);
    response
}
