//! The table `gifts`. Its column `livemode` is copied from the client when a row is written.

use super::{DueRow, RowKey, currency, fit, inconsistent};
use crate::StoreError;
use domain::{ClientId, Email, Gift, GiftId, GiftState, GiftStatus, Instant, PaymentId, UserId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(crate) struct GiftRow<'a> {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) gifter_id: i64,
    pub(crate) recipient_email: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recipient_id: Option<i64>,
    pub(crate) status: Cow<'a, str>,
    pub(crate) plan: Cow<'a, str>,
    pub(crate) plan_version: i32,
    pub(crate) grace_days: i32,
    pub(crate) months: i32,
    pub(crate) value: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_id: Option<i64>,
    pub(crate) expires_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redeemed_at: Option<Instant>,
    pub(crate) created_at: Instant,
    /// Written from the other columns, and not read into the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_at: Option<Instant>,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_gifts {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, gifter_id, recipient_email, recipient_id, status, \
                      plan, plan_version, grace_days, months, value, currency, payment_id, \
                      expires_at, redeemed_at, created_at, due_at" + $after, $($argument),+)
    };
}
pub(crate) use query_gifts;

/// The part of the statement of a batch that writes new and changed gifts: see `changes.rs`.
macro_rules! write_gifts {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            ", changed_gifts AS (
                INSERT INTO gifts (id, client_id, livemode, gifter_id, recipient_email,
                                   recipient_id, status, plan, plan_version, grace_days, months,
                                   value, currency, payment_id, expires_at, redeemed_at,
                                   created_at, due_at)
                SELECT id, client_id, (SELECT clients.livemode FROM clients
                                       WHERE clients.id = written.client_id),
                       gifter_id, recipient_email, recipient_id, status, plan, plan_version,
                       grace_days, months, value, currency, payment_id, expires_at, redeemed_at,
                       created_at, due_at
                FROM json_populate_recordset(NULL::gifts, $3::text::json) AS written
                ON CONFLICT (client_id, id) DO UPDATE SET
                    recipient_id = excluded.recipient_id, status = excluded.status,
                    value = excluded.value, currency = excluded.currency,
                    payment_id = excluded.payment_id, redeemed_at = excluded.redeemed_at,
                    due_at = excluded.due_at)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_gifts;

impl DueRow for GiftRow<'static> {
    const TABLE: &'static str = "gifts";

    fn key(&self) -> RowKey {
        RowKey { client_id: self.client_id, id: self.id, due_at: self.due_at }
    }
}

impl<'a> TryFrom<&'a Gift> for GiftRow<'a> {
    type Error = StoreError;

    fn try_from(gift: &'a Gift) -> Result<Self, StoreError> {
        let redemption = gift.state.redemption();
        Ok(Self {
            id: gift.id.get(),
            client_id: gift.client.get(),
            gifter_id: gift.gifter.get(),
            recipient_email: gift.recipient_email.as_str().into(),
            recipient_id: redemption.map(|(recipient, _)| recipient.get()),
            status: gift.state.status().as_str().into(),
            plan: gift.plan.as_str().into(),
            plan_version: fit(gift.plan_version, "gifts", "plan_version")?,
            grace_days: fit(gift.grace_days, "gifts", "grace_days")?,
            months: fit(gift.months, "gifts", "months")?,
            value: fit(gift.value, "gifts", "value")?,
            currency: gift.currency.map(|currency| currency.as_str().into()),
            payment_id: gift.payment.map(PaymentId::get),
            expires_at: gift.expires_at,
            redeemed_at: redemption.map(|(_, at)| at),
            created_at: gift.created_at,
            due_at: gift.due_at(),
        })
    }
}

impl TryFrom<GiftRow<'_>> for Gift {
    type Error = StoreError;

    fn try_from(row: GiftRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("gifts", column, row.id);
        let status = GiftStatus::parse(&row.status).ok_or_else(|| unknown("status"))?;
        let recipient = row.recipient_id.map(UserId::new);
        Ok(Self {
            id: GiftId::new(row.id),
            gifter: UserId::new(row.gifter_id),
            client: ClientId::new(row.client_id),
            recipient_email: Email::parse(&row.recipient_email)
                .map_err(|_| unknown("recipient_email"))?,
            state: GiftState::from_parts(status, recipient, row.redeemed_at)
                .ok_or_else(|| unknown("status"))?,
            plan: row.plan.into_owned(),
            plan_version: row.plan_version.try_into().map_err(|_| unknown("plan_version"))?,
            grace_days: row.grace_days.try_into().map_err(|_| unknown("grace_days"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            value: row.value.try_into().map_err(|_| unknown("value"))?,
            currency: currency(row.currency.as_deref()).map_err(|_| unknown("currency"))?,
            payment: row.payment_id.map(PaymentId::new),
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    }
}
