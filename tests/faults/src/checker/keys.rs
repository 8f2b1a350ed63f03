//! The history, grouped by key.

use super::evidence::{Evidence, LogRow};
use crate::history::{Exchange, Meaning, Submission};
use domain::Fingerprint;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that is known of one key.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    /// The requests with the key, in the order in which they were sent.
    pub(super) exchanges: Vec<&'a Exchange>,
    /// The rows of the command log with the key. There should be one.
    pub(super) rows: Vec<&'a LogRow>,
}

/// All keys of the clients.
pub(super) struct Keys<'a>(pub(super) BTreeMap<&'a str, Known<'a>>);

impl<'a> Keys<'a> {
    pub(super) fn of(evidence: &Evidence<'a>) -> Self {
        let mut keys = BTreeMap::<&str, Known<'a>>::new();
        for exchange in evidence.history.iter().filter(|exchange| !exchange.key().is_empty()) {
            keys.entry(exchange.key()).or_default().exchanges.push(exchange);
        }
        for row in evidence.rows.log.iter().filter(|row| row.is_of_client()) {
            keys.entry(&row.key).or_default().rows.push(row);
        }
        for known in keys.values_mut() {
            known.exchanges.sort_by_key(|exchange| exchange.sent_us);
        }
        Self(keys)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Known<'a>> {
        self.0.get(key)
    }
}

impl<'a> Known<'a> {
    /// The submissions with this key, with their answers.
    pub(super) fn submissions(&self) -> impl Iterator<Item = (&'a Exchange, &'a Arc<Submission>)> {
        self.exchanges.iter().filter_map(|exchange| Some((*exchange, exchange.submission()?)))
    }

    /// The submissions that were answered with an outcome.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (&'a Exchange, &'a Arc<Submission>)> {
        self.submissions().filter(|(exchange, _)| exchange.meaning() == Meaning::Outcome)
    }

    /// The submission of that fingerprint.
    pub(super) fn asked(&self, fingerprint: Fingerprint) -> Option<&'a Arc<Submission>> {
        self.submissions().map(|(_, s)| s).find(|s| s.fingerprint() == fingerprint)
    }

    /// The different requests that were made with this key.
    pub(super) fn bodies(&self) -> Vec<&'a Arc<Submission>> {
        let mut bodies: Vec<&Arc<Submission>> = Vec::new();
        for (_, submission) in self.submissions() {
            if !bodies.contains(&submission) {
                bodies.push(submission);
            }
        }
        bodies
    }
}
