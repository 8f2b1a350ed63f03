//! The `OpenAPI` document. Routes describe themselves; what many of them share is added here.

mod alternatives;
mod headers;
mod problems;
mod shared;
#[cfg(test)]
mod tests;

pub(crate) use shared::{direct_write, kept, read, submission, unauthenticated};

use crate::router::routes;
use contract::view::JobView;
use contract::{Problem, ProblemKind};
use std::sync::LazyLock;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// The name of the security scheme.
const API_KEY: &str = "api_key";

/// The document as it is served. It depends on the code alone.
pub(crate) static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = routes().into_openapi();
    alternatives::describe(&mut document);
    document.to_pretty_json().unwrap_or_default()
});

/// The document without paths: what it is about, how to authenticate, and every problem.
pub(crate) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Subscriptions and gifts")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Every POST is a command with a key: see docs/API.md."))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = ComponentsBuilder::new()
        .security_scheme(API_KEY, SecurityScheme::Http(bearer))
        .schema_from::<Problem>()
        .schema_from::<JobView>()
        // Every kind is here by its code, also those that belong to no single operation.
        .responses_from_iter(
            ProblemKind::ALL.iter().map(|kind| (kind.code(), problems::response(&[*kind]))),
        );
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new(API_KEY, [""; 0])]))
        .build()
}
