//! Email addresses. They are parsed once, when a request is read.

use crate::schema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// The longest address that can be delivered to (RFC 5321, erratum 1690), in bytes.
const LENGTH_MAX: usize = 254;

/// A valid address, as it was written. Two addresses are the same mailbox when their
/// [`Email::key`]s are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// The error of a text that is no [`Email`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid email address")]
pub struct InvalidEmail;

impl Email {
    /// Parses an address. Spaces around it are dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let options = email_address::Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_required_tld();
        let parsed = email_address::EmailAddress::parse_with_options(text, options);
        let (Ok(address), true) = (parsed, text.len() <= LENGTH_MAX) else {
            return Err(InvalidEmail);
        };
        // The grammar of addresses allows things that mail servers do not use, such as quoted text
        // and special characters in host names. They are refused.
        let host_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        let local_byte = |b: u8| b.is_ascii_graphic() && b != b'"';
        let usual =
            address.domain().bytes().all(host_byte) && address.local_part().bytes().all(local_byte);
        if usual { Ok(Self(text.to_owned())) } else { Err(InvalidEmail) }
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which addresses are compared: ASCII lower case. Dots and plus signs count.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Email);
        schema::text("ada@example.com").format(Some(format)).max_length(Some(LENGTH_MAX)).into()
    }
}

impl ToSchema for Email {}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}
