//! The table `subscriptions`. Its column `livemode` is copied from the client when a row is
//! written.

use super::{DueRow, RowKey, fit, inconsistent};
use crate::StoreError;
use domain::{
    ClientId, Conversion, Instant, NextPlan, OpenPayment, PaymentId, StateParts, Subscription,
    SubscriptionId, SubscriptionState, SubscriptionStatus, UserId,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(crate) struct SubscriptionRow<'a> {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) user_id: i64,
    pub(crate) plan: Cow<'a, str>,
    pub(crate) plan_version: i32,
    pub(crate) auto_renew: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_plan: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_plan_version: Option<i32>,
    pub(crate) grace_days: i32,
    pub(crate) status: Cow<'a, str>,
    pub(crate) months: i32,
    pub(crate) start_date: Instant,
    /// Null where months are counted from `start_date`, as releases before do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anchor: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anchor_months: Option<i32>,
    pub(crate) end_date: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_at: Option<Instant>,
    pub(crate) cancel_at_period_end: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paused_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resume_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trial_end: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conversion_months: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conversion_payable: Option<bool>,
    pub(crate) attempts: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_until: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recognise_at: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
    /// Written from the other columns, and not read into the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_at: Option<Instant>,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_subscriptions {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, user_id, plan, plan_version, auto_renew, \
                      next_plan, next_plan_version, grace_days, status, months, start_date, \
                      anchor, anchor_months, end_date, cancelled_at, cancel_at_period_end, \
                      paused_at, resume_at, trial_end, conversion_months, conversion_payable, \
                      attempts, retry_at, payment_id, payment_until, recognise_at, created_at, \
                      updated_at, due_at" + $after,
                     $($argument),+)
    };
}
pub(crate) use query_subscriptions;

/// The part of the statement of a batch that writes new and changed subscriptions: `changes.rs`.
macro_rules! write_subscriptions {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            ", changed_subscriptions AS (
                INSERT INTO subscriptions (id, client_id, livemode, user_id, plan, plan_version,
                                           auto_renew, next_plan, next_plan_version, grace_days,
                                           status, months, start_date, anchor, anchor_months,
                                           end_date, cancelled_at, cancel_at_period_end, paused_at,
                                           resume_at, trial_end, conversion_months,
                                           conversion_payable, attempts, retry_at, payment_id,
                                           payment_until, recognise_at, created_at, updated_at,
                                           due_at)
                SELECT id, client_id, (SELECT clients.livemode FROM clients
                                       WHERE clients.id = written.client_id),
                       user_id, plan, plan_version, auto_renew, next_plan, next_plan_version,
                       grace_days, status, months, start_date, anchor, anchor_months, end_date,
                       cancelled_at, cancel_at_period_end, paused_at, resume_at, trial_end,
                       conversion_months, conversion_payable, attempts, retry_at, payment_id,
                       payment_until, recognise_at, created_at, updated_at, due_at
                FROM json_populate_recordset(NULL::subscriptions, $2::text::json) AS written
                ON CONFLICT (client_id, id) DO UPDATE SET
                    plan = excluded.plan, plan_version = excluded.plan_version,
                    auto_renew = excluded.auto_renew, next_plan = excluded.next_plan,
                    next_plan_version = excluded.next_plan_version,
                    grace_days = excluded.grace_days, status = excluded.status,
                    months = excluded.months, start_date = excluded.start_date,
                    anchor = excluded.anchor, anchor_months = excluded.anchor_months,
                    end_date = excluded.end_date, cancelled_at = excluded.cancelled_at,
                    cancel_at_period_end = excluded.cancel_at_period_end,
                    paused_at = excluded.paused_at, resume_at = excluded.resume_at,
                    trial_end = excluded.trial_end,
                    conversion_months = excluded.conversion_months,
                    conversion_payable = excluded.conversion_payable,
                    attempts = excluded.attempts, retry_at = excluded.retry_at,
                    payment_id = excluded.payment_id, payment_until = excluded.payment_until,
                    recognise_at = excluded.recognise_at,
                    updated_at = excluded.updated_at, due_at = excluded.due_at)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_subscriptions;

impl DueRow for SubscriptionRow<'static> {
    const TABLE: &'static str = "subscriptions";

    fn key(&self) -> RowKey {
        RowKey { client_id: self.client_id, id: self.id, due_at: self.due_at }
    }
}

impl<'a> TryFrom<&'a Subscription> for SubscriptionRow<'a> {
    type Error = StoreError;

    fn try_from(subscription: &'a Subscription) -> Result<Self, StoreError> {
        let state = subscription.state.parts();
        let (anchor, anchor_months) = anchor_of(subscription);
        let next_plan = subscription.next_plan.as_ref();
        let (conversion, open) = (subscription.conversion, subscription.open_payment);
        Ok(Self {
            id: subscription.id.get(),
            client_id: subscription.client.get(),
            user_id: subscription.user.get(),
            plan: subscription.plan.as_str().into(),
            plan_version: fit(subscription.plan_version, "subscriptions", "plan_version")?,
            auto_renew: subscription.auto_renew,
            next_plan: next_plan.map(|next| next.code.as_str().into()),
            next_plan_version: next_plan
                .map(|next| fit(next.version, "subscriptions", "next_plan_version"))
                .transpose()?,
            grace_days: fit(subscription.grace_days, "subscriptions", "grace_days")?,
            status: state.status.as_str().into(),
            months: fit(subscription.months, "subscriptions", "months")?,
            start_date: subscription.start_date,
            anchor,
            anchor_months: anchor_months
                .map(|months| fit(months, "subscriptions", "anchor_months"))
                .transpose()?,
            end_date: subscription.end_date,
            cancelled_at: state.cancelled_at,
            cancel_at_period_end: state.cancel_at_period_end,
            paused_at: state.paused_at,
            resume_at: state.resume_at,
            trial_end: subscription.trial_end,
            conversion_months: conversion
                .map(|owed| fit(owed.months, "subscriptions", "conversion_months"))
                .transpose()?,
            conversion_payable: conversion.map(|owed| owed.is_payable),
            attempts: fit(subscription.attempts, "subscriptions", "attempts")?,
            retry_at: subscription.retry_at,
            payment_id: open.map(|open| open.id.get()),
            payment_until: open.map(|open| open.until),
            recognise_at: subscription.recognise_at,
            created_at: subscription.created_at,
            updated_at: subscription.updated_at,
            due_at: subscription.due_at(),
        })
    }
}

impl TryFrom<SubscriptionRow<'_>> for Subscription {
    type Error = StoreError;

    fn try_from(row: SubscriptionRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("subscriptions", column, row.id);
        let state = StateParts {
            status: SubscriptionStatus::parse(&row.status).ok_or_else(|| unknown("status"))?,
            cancel_at_period_end: row.cancel_at_period_end,
            cancelled_at: row.cancelled_at,
            paused_at: row.paused_at,
            resume_at: row.resume_at,
        };
        let anchor_months = row.anchor_months.unwrap_or(row.months);
        let next_plan = row.next_plan.zip(row.next_plan_version).map(|(code, version)| {
            let version = version.try_into().ok()?;
            Some(NextPlan { code: code.into_owned(), version })
        });
        let conversion = row.conversion_months.zip(row.conversion_payable).map(|owed| {
            let months = owed.0.try_into().map_err(|_| unknown("conversion_months"))?;
            Ok::<_, StoreError>(Conversion { months, is_payable: owed.1 })
        });
        let next_plan = next_plan.map(|next| next.ok_or_else(|| unknown("next_plan_version")));
        Ok(Self {
            id: SubscriptionId::new(row.id),
            user: UserId::new(row.user_id),
            client: ClientId::new(row.client_id),
            state: SubscriptionState::from_parts(state).ok_or_else(|| unknown("status"))?,
            auto_renew: row.auto_renew,
            next_plan: next_plan.transpose()?,
            grace_days: row.grace_days.try_into().map_err(|_| unknown("grace_days"))?,
            anchor: row.anchor.unwrap_or(row.start_date),
            anchor_months: anchor_months.try_into().map_err(|_| unknown("anchor_months"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            plan: row.plan.into_owned(),
            plan_version: row.plan_version.try_into().map_err(|_| unknown("plan_version"))?,
            start_date: row.start_date,
            end_date: row.end_date,
            trial_end: row.trial_end,
            conversion: conversion.transpose()?,
            attempts: row.attempts.try_into().map_err(|_| unknown("attempts"))?,
            retry_at: row.retry_at,
            open_payment: row
                .payment_id
                .zip(row.payment_until)
                .map(|(id, until)| OpenPayment { id: PaymentId::new(id), until }),
            recognise_at: row.recognise_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The columns of the anchor: null where months are counted from the start, so that releases which
/// do not know them can prolong the subscription.
fn anchor_of(subscription: &Subscription) -> (Option<Instant>, Option<u32>) {
    let Subscription { start_date, months, anchor, anchor_months, .. } = *subscription;
    if (anchor, anchor_months) == (start_date, months) {
        (None, None)
    } else {
        (Some(anchor), Some(anchor_months))
    }
}
