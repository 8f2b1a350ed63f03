//! What clients look up, one file a noun. Submissions are in [`crate::submit`].

pub mod gifts;
pub mod health;
pub mod jobs;
pub mod subscriptions;
pub mod users;

use crate::app::App;
use crate::reject::Reject;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use shared::domain::problem::{FieldError, ProblemKind};
use std::convert::Infallible;

/// What a path names: the one part of it that varies.
#[derive(Debug)]
pub struct Named(String);

impl FromRequestParts<App> for Named {
    type Rejection = Infallible;

    /// A part that is not even text names nothing, as does an empty one.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        Ok(Self(path.map(|Path(text)| text).unwrap_or_default()))
    }
}

impl Named {
    /// The id it names: digits, as we write them. Anything else names nothing.
    fn id(&self) -> Option<i64> {
        parse_id(&self.0)
    }
}

fn parse_id(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical)
}

/// The query of a request. What it does not know is ignored.
fn query<Q: DeserializeOwned>(uri: &Uri) -> Result<Q, Reject> {
    let Query(query) = Query::try_from_uri(uri)
        .map_err(|_| Reject::new(ProblemKind::InvalidRequest, "The query string is not valid."))?;
    Ok(query)
}

/// One parameter of a query that is not as it should be.
fn invalid_parameter(name: &str, wanted: &str) -> Reject {
    Reject::invalid(vec![FieldError { field: name.to_owned(), message: wanted.to_owned() }])
}

/// Nothing is served at this path.
pub async fn not_found(uri: Uri) -> Reject {
    let path: String = uri.path().chars().take(100).collect();
    Reject::new(ProblemKind::RouteNotFound, format!("Nothing is served at {path}."))
}

/// The path is served, but not this method.
pub async fn method_not_allowed() -> Reject {
    Reject::new(ProblemKind::MethodNotAllowed, "See the Allow header for the methods it knows.")
}
