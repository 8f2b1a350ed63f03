//! Rows as columns: what `unnest` makes rows of again. One statement writes any number of them.

use super::ledger::Entry;
use crate::domain::{Gift, Grant, Instant, Subscription, User};
use uuid::Uuid;

/// Of new users.
#[derive(Default)]
pub(super) struct Users<'a> {
    pub(super) ids: Vec<i64>,
    pub(super) clients: Vec<i64>,
    pub(super) emails: Vec<&'a str>,
    pub(super) created: Vec<Instant>,
}

/// Of new and changed subscriptions.
#[derive(Default)]
pub(super) struct Subscriptions<'a> {
    pub(super) ids: Vec<i64>,
    pub(super) users: Vec<i64>,
    pub(super) plans: Vec<&'a str>,
    pub(super) statuses: Vec<&'a str>,
    pub(super) months: Vec<i32>,
    pub(super) starts: Vec<Instant>,
    pub(super) ends: Vec<Instant>,
    pub(super) cancelled: Vec<Option<Instant>>,
    pub(super) created: Vec<Instant>,
    pub(super) updated: Vec<Instant>,
}

/// Of new and changed gifts.
#[derive(Default)]
pub(super) struct Gifts<'a> {
    pub(super) ids: Vec<i64>,
    pub(super) gifters: Vec<i64>,
    pub(super) emails: Vec<&'a str>,
    pub(super) recipients: Vec<Option<i64>>,
    pub(super) statuses: Vec<&'a str>,
    pub(super) months: Vec<i32>,
    pub(super) expires: Vec<Instant>,
    pub(super) redeemed: Vec<Option<Instant>>,
    pub(super) created: Vec<Instant>,
}

/// Of new grants.
#[derive(Default)]
pub(super) struct Grants<'a> {
    pub(super) subscriptions: Vec<i64>,
    pub(super) sources: Vec<&'a str>,
    pub(super) months: Vec<i32>,
    pub(super) gifts: Vec<Option<i64>>,
    pub(super) jobs: Vec<Uuid>,
    pub(super) granted: Vec<Instant>,
}

/// Of new rows of the ledger.
#[derive(Default)]
pub(super) struct Entries<'a> {
    pub(super) jobs: Vec<Uuid>,
    pub(super) clients: Vec<i64>,
    pub(super) keys: Vec<&'a str>,
    pub(super) fingerprints: Vec<&'a [u8]>,
    pub(super) operations: Vec<&'a str>,
    pub(super) entities: Vec<Option<i64>>,
    pub(super) statuses: Vec<i16>,
    pub(super) bodies: Vec<&'a str>,
    pub(super) attempts: Vec<i32>,
    pub(super) submitted: Vec<Instant>,
    pub(super) finished: Vec<Instant>,
}

impl<'a> FromIterator<&'a User> for Users<'a> {
    fn from_iter<I: IntoIterator<Item = &'a User>>(users: I) -> Self {
        let mut columns = Self::default();
        for user in users {
            columns.ids.push(user.id.0);
            columns.clients.push(user.client.0);
            columns.emails.push(user.email.as_str());
            columns.created.push(user.created_at);
        }
        columns
    }
}

impl<'a> FromIterator<&'a Subscription> for Subscriptions<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Subscription>>(subscriptions: I) -> Self {
        let mut columns = Self::default();
        for subscription in subscriptions {
            columns.ids.push(subscription.id.0);
            columns.users.push(subscription.user.0);
            columns.plans.push(subscription.plan.as_str());
            columns.statuses.push(subscription.status.as_str());
            columns.months.push(count(subscription.months));
            columns.starts.push(subscription.start_date);
            columns.ends.push(subscription.end_date);
            columns.cancelled.push(subscription.cancelled_at);
            columns.created.push(subscription.created_at);
            columns.updated.push(subscription.updated_at);
        }
        columns
    }
}

impl<'a> FromIterator<&'a Gift> for Gifts<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Gift>>(gifts: I) -> Self {
        let mut columns = Self::default();
        for gift in gifts {
            columns.ids.push(gift.id.0);
            columns.gifters.push(gift.gifter.0);
            columns.emails.push(gift.recipient_email.as_str());
            columns.recipients.push(gift.recipient.map(|user| user.0));
            columns.statuses.push(gift.status.as_str());
            columns.months.push(count(gift.months));
            columns.expires.push(gift.expires_at);
            columns.redeemed.push(gift.redeemed_at);
            columns.created.push(gift.created_at);
        }
        columns
    }
}

impl<'a> FromIterator<&'a Grant> for Grants<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Grant>>(grants: I) -> Self {
        let mut columns = Self::default();
        for grant in grants {
            columns.subscriptions.push(grant.subscription.0);
            columns.sources.push(grant.source.as_str());
            columns.months.push(count(grant.months));
            columns.gifts.push(grant.source.gift().map(|id| id.0));
            columns.jobs.push(grant.job.0);
            columns.granted.push(grant.granted_at);
        }
        columns
    }
}

impl<'a> FromIterator<&'a Entry> for Entries<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Entry>>(entries: I) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            columns.jobs.push(entry.job.0);
            columns.clients.push(entry.client.0);
            columns.keys.push(entry.key.as_str());
            columns.fingerprints.push(entry.fingerprint.as_bytes());
            columns.operations.push(entry.operation.as_str());
            columns.entities.push(entry.entity);
            columns.statuses.push(i16::try_from(entry.answer.status).unwrap_or(i16::MAX));
            columns.bodies.push(entry.answer.body.as_str());
            columns.attempts.push(count(entry.attempts));
            columns.submitted.push(entry.submitted_at);
            columns.finished.push(entry.finished_at);
        }
        columns
    }
}

/// Counts are bounded far below the column's size; one that is not would fail its check.
fn count(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(-1)
}
