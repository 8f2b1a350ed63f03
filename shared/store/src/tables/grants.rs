//! The table `grants`, which is only written. Postgres gives each row its id.

use super::fit;
use crate::StoreError;
use domain::{GiftId, Grant, Instant};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
pub(crate) struct GrantRow<'a> {
    client_id: i64,
    subscription_id: i64,
    source: &'static str,
    months: i32,
    gift_id: Option<i64>,
    reason: Option<&'a str>,
    job_id: Uuid,
    granted_at: Instant,
}

/// The part of the statement of a batch that writes new grants: see `changes.rs`.
macro_rules! write_grants {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            ", new_grants AS (
                INSERT INTO grants (client_id, subscription_id, source, months, gift_id, reason,
                                    job_id, granted_at)
                SELECT client_id, subscription_id, source, months, gift_id, reason, job_id,
                       granted_at
                FROM json_populate_recordset(NULL::grants, $4::text::json))"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_grants;

impl<'a> TryFrom<&'a Grant> for GrantRow<'a> {
    type Error = StoreError;

    fn try_from(grant: &'a Grant) -> Result<Self, StoreError> {
        Ok(Self {
            client_id: grant.client.get(),
            subscription_id: grant.subscription.get(),
            source: grant.source.as_str(),
            months: fit(grant.months, "grants", "months")?,
            gift_id: grant.source.gift().map(GiftId::get),
            reason: grant.source.reason(),
            job_id: grant.job.get(),
            granted_at: grant.granted_at,
        })
    }
}
