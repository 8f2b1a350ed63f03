//! The table `grants`, which is only written. Postgres gives each row its id.

use super::fit;
use crate::StoreError;
use domain::{GiftId, Grant, Instant};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
pub(crate) struct GrantRow {
    client_id: i64,
    subscription_id: i64,
    source: &'static str,
    months: i32,
    gift_id: Option<i64>,
    job_id: Uuid,
    granted_at: Instant,
}

impl TryFrom<&Grant> for GrantRow {
    type Error = StoreError;

    fn try_from(grant: &Grant) -> Result<Self, StoreError> {
        Ok(Self {
            client_id: grant.client.get(),
            subscription_id: grant.subscription.get(),
            source: grant.source.as_str(),
            months: fit(grant.months, "grants", "months")?,
            gift_id: grant.source.gift().map(GiftId::get),
            job_id: grant.job.get(),
            granted_at: grant.granted_at,
        })
    }
}
