//! Bodies of submissions. They are parsed strictly, and brought into a canonical form, so that
//! bodies with the same meaning have the same fingerprint.

use crate::api_error::ApiError;
use crate::extract::content::ensure_plain_json;
use crate::extract::field_errors::{errors, shown_name};
use crate::extract::repeated::repeated_member;
use axum::http::{HeaderMap, header};
use contract::{FieldError, ProblemKind};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use utoipa::ToSchema;

/// The members of the body of a command, which may be left out if it has none.
pub(crate) fn command_fields(headers: &HeaderMap, bytes: &[u8]) -> Result<Fields, ApiError> {
    if bytes.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Fields::parse(b"{}");
    }
    fields(headers, bytes)
}

/// The members of a body; an error unless it is declared as plain JSON and is a JSON object.
pub(crate) fn fields(headers: &HeaderMap, bytes: &[u8]) -> Result<Fields, ApiError> {
    ensure_plain_json(headers)?;
    Fields::parse(bytes)
}

pub(super) fn malformed(detail: &str) -> ApiError {
    ApiError::new(ProblemKind::MalformedJson, detail)
}

fn repeated(name: &str) -> ApiError {
    malformed(&format!("The member {:?} occurs twice.", shown_name(name)))
}

/// The members of a body.
#[derive(Debug)]
pub(crate) struct Fields {
    members: Map<String, Value>,
    canonical: Vec<u8>,
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
        let mut unique = Map::new();
        for (name, value) in members {
            if unique.contains_key(&name) {
                return Err(repeated(&name));
            }
            unique.insert(name, value);
        }
        // Of an object in a member only the last of equal members was kept. Few bodies have one.
        let has_parts = unique.values().any(|value| value.is_object() || value.is_array());
        if let Some(name) = has_parts.then(|| repeated_member(bytes)).flatten() {
            return Err(repeated(&name));
        }
        let canonical = serde_json::to_vec(&unique).unwrap_or_default();
        Ok(Self { members: unique, canonical })
    }

    /// The canonical form of the body: members sorted, no spaces. Equal values give equal bytes.
    pub(crate) fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Takes a member that is none of the command's.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// The value of type `C` that the members make, or every error in them.
    pub(crate) fn read<C>(&self) -> Result<C, Vec<FieldError>>
    where
        C: DeserializeOwned + ToSchema,
    {
        // Stored payloads write an absent member as null. In a request, null is a wrong value.
        let has_null = self.members.values().any(Value::is_null);
        match C::deserialize(&self.members) {
            Ok(value) if !has_null => Ok(value),
            _ => Err(errors::<C>(&self.members)),
        }
    }
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
