//! The parameter of a path.

use crate::state::ApiState;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use std::convert::Infallible;

/// The one part of a path that varies.
#[derive(Debug)]
pub(crate) struct PathParameter(pub(crate) String);

impl FromRequestParts<ApiState> for PathParameter {
    type Rejection = Infallible;

    /// A part that is not even text names nothing, as does an empty one.
    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(path.map(|Path(text)| text).unwrap_or_default()))
    }
}

impl PathParameter {
    /// The id that it names: digits, as we write them. Anything else names nothing.
    pub(crate) fn id(&self) -> Option<i64> {
        parse_id(&self.0)
    }
}

pub(crate) fn parse_id(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical)
}
