//! The parameters that all lists have.

use crate::api_error::ApiError;
use crate::extract::{decimal, invalid_parameter, parse_id};

/// The most rows of a page, and the default.
const LIMIT_MAX: u32 = 100;

/// The most rows of a page.
pub(crate) fn page_limit(text: Option<&str>) -> Result<u32, ApiError> {
    let limit = text.map_or(Some(LIMIT_MAX), decimal);
    limit
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| invalid_parameter("limit", "must be an integer from 1 to 100"))
}

/// The id after which a page begins; `wanted` says what it must be.
pub(crate) fn page_start(text: Option<&str>, wanted: &str) -> Result<Option<i64>, ApiError> {
    let id = |text| parse_id(text).ok_or_else(|| invalid_parameter("starting_after", wanted));
    text.map(id).transpose()
}
