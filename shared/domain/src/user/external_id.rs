//! The client's own ids of its users.

use crate::schema;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The longest id, in bytes.
const LENGTH_MAX: usize = 128;

/// The id by which a client knows its user: 1 to 128 visible ASCII characters. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExternalId(String);

/// The error of a text that is no [`ExternalId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 visible ASCII characters")]
pub struct InvalidExternalId;

impl ExternalId {
    /// Parses the spelling of an id.
    pub fn parse(text: &str) -> Result<Self, InvalidExternalId> {
        let fits = (1..=LENGTH_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidExternalId)
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialSchema for ExternalId {
    fn schema() -> RefOr<Schema> {
        schema::text("customer-4711")
            .min_length(Some(1))
            .max_length(Some(LENGTH_MAX))
            .pattern(Some("^[!-~]+$"))
            .into()
    }
}

impl ToSchema for ExternalId {}

impl TryFrom<String> for ExternalId {
    type Error = InvalidExternalId;

    fn try_from(text: String) -> Result<Self, InvalidExternalId> {
        Self::parse(&text)
    }
}

impl From<ExternalId> for String {
    fn from(id: ExternalId) -> Self {
        id.0
    }
}
