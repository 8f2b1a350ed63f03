//! What a client notes about a user.

use crate::schema;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The most pairs, and the longest name and value, in characters.
const PAIRS_MAX: usize = 20;
const NAME_LENGTH_MAX: usize = 40;
const VALUE_LENGTH_MAX: usize = 500;

/// Pairs of strings that mean something to the client only. It may not contain U+0000, which
/// Postgres cannot store.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(BTreeMap<String, String>);

/// The error of pairs that are no [`Metadata`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be at most 20 pairs of strings, with names of at most 40 characters and values of at \
     most 500, none of them U+0000"
)]
pub struct InvalidMetadata;

impl Metadata {
    /// The metadata of these pairs.
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Self, InvalidMetadata> {
        let fits = |text: &str, most| text.chars().count() <= most && !text.contains('\0');
        let all_fit = pairs
            .iter()
            .all(|(name, value)| fits(name, NAME_LENGTH_MAX) && fits(value, VALUE_LENGTH_MAX));
        if all_fit && pairs.len() <= PAIRS_MAX { Ok(Self(pairs)) } else { Err(InvalidMetadata) }
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs.
    #[must_use]
    pub const fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

/// One text for all that may be wrong, because a client repairs the member as a whole.
impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(InvalidMetadata.to_string().trim_start_matches("must be "))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((name, value)) =
                    map.next_entry().map_err(|_| Error::custom(InvalidMetadata))?
                {
                    pairs.insert(name, value);
                }
                Metadata::new(pairs).map_err(Error::custom)
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        schema::pairs(NAME_LENGTH_MAX, VALUE_LENGTH_MAX, PAIRS_MAX).into()
    }
}

impl ToSchema for Metadata {}
