//! The subscriptions of a user that run or wait.

use crate::StoreError;
use crate::tables::{SubscriptionRow, rows_from_json};
use domain::{Line, Subscription};

/// The line that `line_of` returns; an empty one where none waits.
pub(super) fn line(rows: Option<&str>) -> Result<Line, StoreError> {
    let rows = rows_from_json::<SubscriptionRow<'_>>(rows)?.into_iter();
    let rows: Vec<Subscription> = rows.map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Line::of(rows))
}
