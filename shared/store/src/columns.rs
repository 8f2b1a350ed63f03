//! Rows as columns, from which `unnest` makes rows again. So one statement writes any number of
//! rows.

use crate::StoreError;
use domain::{Gift, Grant, Instant, LogEntry, Subscription, User};
use uuid::Uuid;

/// The columns of new users.
#[derive(Default)]
pub(crate) struct Users<'a> {
    pub(crate) ids: Vec<i64>,
    pub(crate) clients: Vec<i64>,
    pub(crate) emails: Vec<&'a str>,
    pub(crate) created: Vec<Instant>,
}

/// The columns of new and changed subscriptions.
#[derive(Default)]
pub(crate) struct Subscriptions<'a> {
    pub(crate) ids: Vec<i64>,
    pub(crate) users: Vec<i64>,
    pub(crate) plans: Vec<&'a str>,
    pub(crate) statuses: Vec<&'a str>,
    pub(crate) months: Vec<i32>,
    pub(crate) starts: Vec<Instant>,
    pub(crate) ends: Vec<Instant>,
    pub(crate) cancelled: Vec<Option<Instant>>,
    pub(crate) created: Vec<Instant>,
    pub(crate) updated: Vec<Instant>,
}

/// The columns of new and changed gifts.
#[derive(Default)]
pub(crate) struct Gifts<'a> {
    pub(crate) ids: Vec<i64>,
    pub(crate) gifters: Vec<i64>,
    pub(crate) emails: Vec<&'a str>,
    pub(crate) recipients: Vec<Option<i64>>,
    pub(crate) statuses: Vec<&'a str>,
    pub(crate) months: Vec<i32>,
    pub(crate) expires: Vec<Instant>,
    pub(crate) redeemed: Vec<Option<Instant>>,
    pub(crate) created: Vec<Instant>,
}

/// The columns of new grants.
#[derive(Default)]
pub(crate) struct Grants<'a> {
    pub(crate) subscriptions: Vec<i64>,
    pub(crate) sources: Vec<&'a str>,
    pub(crate) months: Vec<i32>,
    pub(crate) gifts: Vec<Option<i64>>,
    pub(crate) jobs: Vec<Uuid>,
    pub(crate) granted: Vec<Instant>,
}

/// The columns of new entries of the command log.
#[derive(Default)]
pub(crate) struct Entries<'a> {
    pub(crate) jobs: Vec<Uuid>,
    pub(crate) clients: Vec<i64>,
    pub(crate) keys: Vec<&'a str>,
    pub(crate) fingerprints: Vec<&'a [u8]>,
    pub(crate) operations: Vec<&'a str>,
    pub(crate) entities: Vec<Option<i64>>,
    pub(crate) statuses: Vec<i16>,
    pub(crate) bodies: Vec<&'a str>,
    pub(crate) attempts: Vec<i32>,
    pub(crate) submitted: Vec<Instant>,
    pub(crate) finished: Vec<Instant>,
}

impl<'a> Users<'a> {
    pub(crate) fn from_rows(users: &[&'a User]) -> Self {
        let mut columns = Self::default();
        for user in users {
            columns.ids.push(user.id.get());
            columns.clients.push(user.client.get());
            columns.emails.push(user.email.as_str());
            columns.created.push(user.created_at);
        }
        columns
    }
}

impl<'a> Subscriptions<'a> {
    pub(crate) fn from_rows(
        subscriptions: impl IntoIterator<Item = &'a Subscription>,
    ) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for subscription in subscriptions {
            columns.ids.push(subscription.id.get());
            columns.users.push(subscription.user.get());
            columns.plans.push(subscription.plan.as_str());
            columns.statuses.push(subscription.state.status().as_str());
            columns.months.push(fit(subscription.months, "subscriptions", "months")?);
            columns.starts.push(subscription.start_date);
            columns.ends.push(subscription.end_date);
            columns.cancelled.push(subscription.state.cancelled_at());
            columns.created.push(subscription.created_at);
            columns.updated.push(subscription.updated_at);
        }
        Ok(columns)
    }
}

impl<'a> Gifts<'a> {
    pub(crate) fn from_rows(gifts: impl IntoIterator<Item = &'a Gift>) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for gift in gifts {
            let redemption = gift.state.redemption();
            columns.ids.push(gift.id.get());
            columns.gifters.push(gift.gifter.get());
            columns.emails.push(gift.recipient_email.as_str());
            columns.recipients.push(redemption.map(|(recipient, _)| recipient.get()));
            columns.statuses.push(gift.state.status().as_str());
            columns.months.push(fit(gift.months, "gifts", "months")?);
            columns.expires.push(gift.expires_at);
            columns.redeemed.push(redemption.map(|(_, at)| at));
            columns.created.push(gift.created_at);
        }
        Ok(columns)
    }
}

impl<'a> Grants<'a> {
    pub(crate) fn from_rows(grants: &'a [Grant]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for grant in grants {
            columns.subscriptions.push(grant.subscription.get());
            columns.sources.push(grant.source.as_str());
            columns.months.push(fit(grant.months, "grants", "months")?);
            columns.gifts.push(grant.source.gift().map(domain::GiftId::get));
            columns.jobs.push(grant.job.get());
            columns.granted.push(grant.granted_at);
        }
        Ok(columns)
    }
}

impl<'a> Entries<'a> {
    pub(crate) fn from_rows(entries: &'a [LogEntry]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for entry in entries {
            columns.jobs.push(entry.job.get());
            columns.clients.push(entry.client.get());
            columns.keys.push(entry.key.as_str());
            columns.fingerprints.push(entry.fingerprint.as_bytes());
            columns.operations.push(entry.operation.as_str());
            columns.entities.push(entry.entity);
            columns.statuses.push(fit(entry.answer.status, "transactions", "status")?);
            columns.bodies.push(entry.answer.body.as_str());
            columns.attempts.push(fit(entry.attempts, "transactions", "attempts")?);
            columns.submitted.push(entry.submitted_at);
            columns.finished.push(entry.finished_at);
        }
        Ok(columns)
    }
}

/// The value in the type of its column.
fn fit<C: TryFrom<V>, V>(
    value: V,
    table: &'static str,
    column: &'static str,
) -> Result<C, StoreError> {
    C::try_from(value).map_err(|_| StoreError::Unwritable { table, column })
}
