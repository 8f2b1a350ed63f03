//! The months of a command.

use crate::bounded::within;
use crate::schema;
use serde::Deserialize;
use serde::de::Deserializer;
use utoipa::openapi::Object;

/// The fewest months of one command.
pub const MONTHS_MIN: u32 = 1;
/// The most months of one command: ten years. A larger number is more likely a mistake.
pub const MONTHS_MAX: u32 = 120;

/// Reads the months of a command, which may be absent.
pub(crate) fn months<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u32>, D::Error> {
    Ok(Option::<Months>::deserialize(input)?.map(|Months(months)| months))
}

/// The schema of what [`months`] reads.
pub(crate) fn months_schema() -> Object {
    schema::months(MONTHS_MIN, MONTHS_MAX)
}

#[derive(Deserialize)]
struct Months(
    #[serde(deserialize_with = "within::<{ MONTHS_MIN as u64 }, { MONTHS_MAX as u64 }, _, _>")] u32,
);
