//! Bodies of submissions. They are bounded in size, parsed strictly, and brought into a canonical
//! form, so that bodies with the same meaning have the same fingerprint.

use crate::api_error::ApiError;
use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use contract::{FieldError, ProblemKind};
use domain::{MONTHS_MAX, MONTHS_MIN};
use futures::StreamExt;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;

/// The largest body that is accepted, in bytes. Every valid body is far smaller. An answer can name
/// what a body contained, so this also bounds the size of an answer.
const LENGTH_MAX: usize = 64 * 1024;

/// The most bytes of a too large body that are read before it is refused. A client that is still
/// sending might otherwise not read the refusal.
const DRAIN_MAX: usize = 4 * 1024 * 1024;

/// The time within which a body must arrive. No honest client needs longer for bodies this small.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the body of a submission. Call it also when the request is refused for another reason: a
/// connection with an unread body cannot carry another request.
pub(crate) async fn read_body(body: Body) -> Result<Vec<u8>, ApiError> {
    let read = timeout(READ_TIMEOUT, read_bounded(body.into_data_stream())).await;
    read.map_err(|_| malformed("The body did not arrive in time."))?
}

/// The members of a body; an error unless it is declared as JSON and is a JSON object.
pub(crate) fn fields(headers: &HeaderMap, bytes: &[u8]) -> Result<Fields, ApiError> {
    if !is_json(headers) {
        let detail = "Send the body with Content-Type: application/json.";
        return Err(ApiError::new(ProblemKind::UnsupportedMediaType, detail)
            .header(header::ACCEPT, header::HeaderValue::from_static("application/json")));
    }
    Fields::parse(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

async fn read_bounded(mut chunks: BodyDataStream) -> Result<Vec<u8>, ApiError> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| malformed("The body did not arrive whole."))?;
        length += chunk.len();
        if length > DRAIN_MAX {
            break;
        }
        if length <= LENGTH_MAX {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > LENGTH_MAX {
        let detail = format!("A body has at most {LENGTH_MAX} bytes.");
        return Err(ApiError::new(ProblemKind::PayloadTooLarge, detail));
    }
    Ok(bytes)
}

fn malformed(detail: &str) -> ApiError {
    ApiError::new(ProblemKind::MalformedJson, detail)
}

/// The members of a body. Each is taken once. Errors are collected, so that the client is told all
/// of them in one answer.
#[derive(Debug)]
pub(crate) struct Fields {
    values: BTreeMap<String, Value>,
    canonical: Vec<u8>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads an object: strictly, and without a member that occurs twice.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let Members(members) = serde_json::from_slice(bytes).map_err(|error| {
            // Parsing stopped at the first value of a wrong type. The rest may not be JSON: if so,
            // the syntax error is reported.
            match serde_json::from_slice::<IgnoredAny>(bytes).err() {
                None if error.is_data() => {
                    ApiError::new(ProblemKind::InvalidRequest, "The body must be a JSON object.")
                }
                syntax => {
                    let error = syntax.unwrap_or(error);
                    let (line, column) = (error.line(), error.column());
                    malformed(&format!("The body is not JSON: see line {line}, column {column}."))
                }
            }
        })?;
        let mut values = BTreeMap::new();
        for (name, value) in members {
            if let Some((name, _)) = values.insert(name.clone(), value).map(|value| (name, value)) {
                return Err(malformed(&format!("The member {name:?} occurs twice.")));
            }
        }
        let canonical = serde_json::to_vec(&values).unwrap_or_default();
        Ok(Self { values, canonical, errors: Vec::new() })
    }

    /// The canonical form of the body: members sorted, no spaces. Equal values give equal bytes.
    pub(crate) fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Takes the member `name` as an id: a positive integer.
    pub(crate) fn id(&mut self, name: &str) -> Option<i64> {
        let value = self.required(name)?;
        let id = value.as_i64().filter(|id| *id > 0);
        self.expect(name, id, "must be a positive integer of at most 63 bits")
    }

    /// Takes the member `name` as a text that `parse` accepts.
    pub(crate) fn text<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.required(name)?;
        let text = self.expect(name, value.as_str(), "must be a string")?;
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(error) => self.expect(name, None, &error.to_string()),
        }
    }

    /// Takes the member `name` as a number of months, which may be absent: `None` when it is
    /// invalid, `Some(None)` when it is absent.
    #[expect(clippy::option_option, reason = "wrong and absent are different answers")]
    pub(crate) fn months(&mut self, name: &str) -> Option<Option<u32>> {
        let Some(value) = self.values.remove(name) else {
            return Some(None);
        };
        let months = value.as_u64().and_then(|months| u32::try_from(months).ok());
        let months = months.filter(|months| (MONTHS_MIN..=MONTHS_MAX).contains(months));
        let wanted = format!("must be an integer from {MONTHS_MIN} to {MONTHS_MAX}");
        self.expect(name, months, &wanted).map(Some)
    }

    /// Returns `built`, or the errors if a member is missing, invalid or unknown.
    pub(crate) fn finish<T>(mut self, built: Option<T>) -> Result<T, ApiError> {
        for name in std::mem::take(&mut self.values).into_keys() {
            self.errors.push(error(&name, "is not a known field"));
        }
        match built {
            Some(built) if self.errors.is_empty() => Ok(built),
            _ => Err(ApiError::invalid(self.errors)),
        }
    }

    fn required(&mut self, name: &str) -> Option<Value> {
        let value = self.values.remove(name);
        self.expect(name, value, "is required")
    }

    fn expect<T>(&mut self, name: &str, value: Option<T>, wanted: &str) -> Option<T> {
        if value.is_none() {
            self.errors.push(error(name, wanted));
        }
        value
    }
}

fn error(field: &str, message: &str) -> FieldError {
    // A name may be as long as the body: only its beginning is shown.
    FieldError { field: field.chars().take(64).collect(), message: message.to_owned() }
}

/// The members of an object in order, repetitions included. A plain map would keep the last one.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
