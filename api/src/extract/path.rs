//! The parameter in the path of a route.

use crate::extract::decimal;
use crate::state::ApiState;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::JobId;
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
    /// The id of a row that the parameter names. `None` unless it is written as we write it.
    pub(crate) fn id(&self) -> Option<i64> {
        parse_id(&self.0)
    }

    /// The id of a job that the parameter names. A UUID has other forms, such as upper case and
    /// braces. We write none of them, so they name nothing.
    pub(crate) fn job_id(&self) -> Option<JobId> {
        let id = JobId::new(self.0.parse().ok()?);
        (id.to_string() == self.0).then_some(id)
    }
}

pub(crate) fn parse_id(text: &str) -> Option<i64> {
    decimal(text).filter(|id| *id > 0)
}
