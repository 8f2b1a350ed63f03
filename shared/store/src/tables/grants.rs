//! The table `grants`. Rows of releases before have no slice: they are read as the function
//! `grants_of` of Postgres returns them, which computes it.

use super::{currency, fit, inconsistent};
use crate::StoreError;
use chrono::TimeDelta;
use domain::{
    ClientId, GiftId, Grant, GrantId, GrantSource, Instant, JobId, PaymentId, Slice, SubscriptionId,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct GrantRow<'a> {
    id: i64,
    client_id: i64,
    subscription_id: i64,
    source: Cow<'a, str>,
    months: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    job_id: Uuid,
    granted_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    slice_start: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slice_end: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length_us: Option<i64>,
    value: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<i64>,
    to_credit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_grant: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Instant>,
}

/// The part of the statement of a batch that writes new and changed grants: see `changes.rs`. Where
/// a grant comes from never changes.
macro_rules! write_grants {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            ", changed_grants AS (
                INSERT INTO grants (id, client_id, subscription_id, source, months, gift_id, reason,
                                    job_id, granted_at, slice_start, slice_end, length_us, value,
                                    currency, payment_id, to_credit, from_grant, closed_at)
                SELECT id, client_id, subscription_id, source, months, gift_id, reason, job_id,
                       granted_at, slice_start, slice_end, length_us, value, currency, payment_id,
                       to_credit, from_grant, closed_at
                FROM json_populate_recordset(NULL::grants, $4::text::json)
                ON CONFLICT (client_id, id) DO UPDATE SET
                    months = excluded.months, slice_start = excluded.slice_start,
                    slice_end = excluded.slice_end, length_us = excluded.length_us,
                    value = excluded.value, currency = excluded.currency,
                    payment_id = excluded.payment_id, to_credit = excluded.to_credit,
                    closed_at = excluded.closed_at)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_grants;

impl<'a> TryFrom<&'a Grant> for GrantRow<'a> {
    type Error = StoreError;

    fn try_from(grant: &'a Grant) -> Result<Self, StoreError> {
        let unwritable = StoreError::Unwritable { table: "grants", column: "length_us" };
        let length = grant.length.map(|length| length.num_microseconds().ok_or(unwritable));
        Ok(Self {
            id: grant.id.get(),
            client_id: grant.client.get(),
            subscription_id: grant.subscription.get(),
            source: grant.source.as_str().into(),
            months: fit(grant.months, "grants", "months")?,
            gift_id: grant.source.gift().map(GiftId::get),
            reason: grant.source.reason().map(Into::into),
            job_id: grant.job.get(),
            granted_at: grant.granted_at,
            slice_start: grant.slice.map(|slice| slice.start),
            slice_end: grant.slice.map(|slice| slice.end),
            length_us: length.transpose()?,
            value: fit(grant.value, "grants", "value")?,
            currency: grant.currency.map(|currency| currency.as_str().into()),
            payment_id: grant.payment.map(PaymentId::get),
            to_credit: fit(grant.to_credit, "grants", "to_credit")?,
            from_grant: grant.from_grant.map(GrantId::get),
            closed_at: grant.closed_at,
        })
    }
}

impl TryFrom<GrantRow<'_>> for Grant {
    type Error = StoreError;

    fn try_from(row: GrantRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("grants", column, row.id);
        let gift = row.gift_id.map(GiftId::new);
        let source = GrantSource::from_parts(&row.source, gift, row.reason.as_deref());
        let slice = row.slice_start.zip(row.slice_end);
        Ok(Self {
            id: GrantId::new(row.id),
            client: ClientId::new(row.client_id),
            subscription: SubscriptionId::new(row.subscription_id),
            source: source.ok_or_else(|| unknown("source"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            job: JobId::new(row.job_id),
            granted_at: row.granted_at,
            slice: slice.map(|(start, end)| Slice { start, end }),
            length: row.length_us.map(TimeDelta::microseconds),
            value: row.value.try_into().map_err(|_| unknown("value"))?,
            currency: currency(row.currency.as_deref()).map_err(|_| unknown("currency"))?,
            payment: row.payment_id.map(PaymentId::new),
            to_credit: row.to_credit.try_into().map_err(|_| unknown("to_credit"))?,
            from_grant: row.from_grant.map(GrantId::new),
            closed_at: row.closed_at,
        })
    }
}
