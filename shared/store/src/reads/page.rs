//! What the pages of all lists have in common.

use crate::StoreError;
use crate::tables::rows_from_json;
use serde::de::DeserializeOwned;

/// The rows of a page of at most `limit`, and whether there are more. One row more than requested
/// is read, which tells that.
pub(super) fn cut<Row, T>(rows: Option<&str>, limit: usize) -> Result<(Vec<T>, bool), StoreError>
where
    Row: DeserializeOwned,
    T: TryFrom<Row, Error = StoreError>,
{
    let rows: Vec<Row> = rows_from_json(rows)?;
    let has_more = rows.len() > limit;
    let page = rows.into_iter().take(limit).map(T::try_from);
    Ok((page.collect::<Result<_, _>>()?, has_more))
}
