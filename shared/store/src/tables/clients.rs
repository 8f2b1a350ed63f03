//! The table `clients`: the two columns of a rate limit, which are null for a client that has none
//! of its own.

use super::{fit, inconsistent};
use crate::StoreError;
use domain::{ClientId, RateLimit};

/// The limit in the columns `rate_requests` and `rate_window_seconds` of a client.
pub(crate) fn rate_limit(
    client: i64,
    columns: (Option<i64>, Option<i64>),
) -> Result<Option<RateLimit>, StoreError> {
    let invalid = || inconsistent("clients", "rate_requests", ClientId::new(client));
    let (requests, window_seconds) = match columns {
        (None, None) => return Ok(None),
        (requests, window_seconds) => requests.zip(window_seconds).ok_or_else(invalid)?,
    };
    let numbers = u64::try_from(requests).ok().zip(u64::try_from(window_seconds).ok());
    let limit = numbers.and_then(|(requests, seconds)| RateLimit::new(requests, seconds));
    limit.ok_or_else(invalid).map(Some)
}

/// The columns of a limit.
pub(crate) fn rate_columns(
    limit: Option<RateLimit>,
) -> Result<(Option<i64>, Option<i64>), StoreError> {
    let Some(limit) = limit else { return Ok((None, None)) };
    let requests = fit(limit.requests(), "clients", "rate_requests")?;
    let window_seconds = fit(limit.window_seconds(), "clients", "rate_window_seconds")?;
    Ok((Some(requests), Some(window_seconds)))
}
