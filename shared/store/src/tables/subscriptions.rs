//! The table `subscriptions`. Its column `livemode` is copied from the client when a row is
//! written.

use super::{DueRow, RowKey, fit, inconsistent};
use crate::StoreError;
use domain::{
    ClientId, Instant, Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus, UserId,
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
    pub(crate) status: Cow<'a, str>,
    pub(crate) months: i32,
    pub(crate) start_date: Instant,
    pub(crate) end_date: Instant,
    pub(crate) cancelled_at: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
    /// Written from the other columns, and not read into the domain.
    pub(crate) due_at: Option<Instant>,
}

/// A checked query of whole rows: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only: a query that left one out would read it as null.
macro_rules! query_subscriptions {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!($before + "id, client_id, user_id, plan, plan_version, status, months, \
                      start_date, end_date, cancelled_at, created_at, updated_at, due_at" + $after,
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
                                           status, months, start_date, end_date, cancelled_at,
                                           created_at, updated_at, due_at)
                SELECT id, client_id, (SELECT clients.livemode FROM clients
                                       WHERE clients.id = written.client_id),
                       user_id, plan, plan_version, status, months, start_date, end_date,
                       cancelled_at, created_at, updated_at, due_at
                FROM json_populate_recordset(NULL::subscriptions, $2::text::json) AS written
                ON CONFLICT (client_id, id) DO UPDATE SET
                    status = excluded.status, months = excluded.months,
                    end_date = excluded.end_date, cancelled_at = excluded.cancelled_at,
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
        Ok(Self {
            id: subscription.id.get(),
            client_id: subscription.client.get(),
            user_id: subscription.user.get(),
            plan: subscription.plan.as_str().into(),
            plan_version: fit(subscription.plan_version, "subscriptions", "plan_version")?,
            status: subscription.state.status().as_str().into(),
            months: fit(subscription.months, "subscriptions", "months")?,
            start_date: subscription.start_date,
            end_date: subscription.end_date,
            cancelled_at: subscription.state.cancelled_at(),
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
        let status = SubscriptionStatus::parse(&row.status).ok_or_else(|| unknown("status"))?;
        Ok(Self {
            id: SubscriptionId::new(row.id),
            user: UserId::new(row.user_id),
            client: ClientId::new(row.client_id),
            state: SubscriptionState::from_parts(status, row.cancelled_at)
                .ok_or_else(|| unknown("status"))?,
            months: row.months.try_into().map_err(|_| unknown("months"))?,
            plan: row.plan.into_owned(),
            plan_version: row.plan_version.try_into().map_err(|_| unknown("plan_version"))?,
            start_date: row.start_date,
            end_date: row.end_date,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
