//! Rows that are read each by itself: one that cannot be read does not stand in the way of others.

use super::{from_json, inconsistent, rows_from_json};
use crate::StoreError;
use domain::Instant;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// What tells a row from others, and from where a page goes on.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct RowKey {
    pub(crate) client_id: i64,
    pub(crate) id: i64,
    pub(crate) due_at: Option<Instant>,
}

/// A row, or why it cannot be read.
pub(crate) struct KeyedRow<T> {
    pub(crate) key: RowKey,
    pub(crate) row: Result<T, StoreError>,
}

/// A row of a table with rows that become due.
pub(crate) trait DueRow: DeserializeOwned {
    const TABLE: &'static str;

    fn key(&self) -> RowKey;
}

/// Reads the rows of `json_agg`. All are read at once; only if that fails, each by itself.
pub(crate) fn rows_by_themselves<Row, T>(json: Option<&str>) -> Result<Vec<KeyedRow<T>>, StoreError>
where
    Row: DueRow,
    T: TryFrom<Row, Error = StoreError>,
{
    if let Ok(rows) = rows_from_json::<Row>(json) {
        let keyed = |row: Row| KeyedRow { key: row.key(), row: T::try_from(row) };
        return Ok(rows.into_iter().map(keyed).collect());
    }
    let each = rows_from_json::<Box<RawValue>>(json)?.into_iter().map(|text| {
        let key: RowKey = from_json(text.get())?;
        let unreadable = |_| inconsistent(Row::TABLE, "value", key.id);
        let row = from_json::<Row>(text.get()).map_err(unreadable).and_then(T::try_from);
        Ok(KeyedRow { key, row })
    });
    each.collect()
}
