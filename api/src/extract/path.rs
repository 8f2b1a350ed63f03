//! The parameter in the path of a route.

use crate::state::ApiState;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use std::convert::Infallible;

/// The text of the one parameter that a path has.
#[derive(Debug)]
pub(crate) struct PathParameter(pub(crate) String);

impl FromRequestParts<ApiState> for PathParameter {
    type Rejection = Infallible;

    /// A parameter that is not UTF-8 becomes an empty text, which names nothing.
    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(path.map(|Path(text)| text).unwrap_or_default()))
    }
}

impl PathParameter {
    /// The id that the parameter names, in canonical digits. `None` for any other text.
    pub(crate) fn id(&self) -> Option<i64> {
        parse_id(&self.0)
    }
}

pub(crate) fn parse_id(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical)
}
