//! The needs of a batch: rows to be loaded and locked, and new ids.

use crate::{ClientId, ExternalId, GiftId, PlanCode, SubscriptionId, UserId};
use std::collections::BTreeSet;

/// The rows that must be loaded and locked, and the ids that must be drawn, before the commands of
/// a batch can be decided. Each row is named with the client that it must belong to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The clients by whose time the commands are decided. The clocks of test clients among them
    /// are to stand still meanwhile.
    pub clocks: BTreeSet<ClientId>,
    /// The ids of users.
    pub users: BTreeSet<(ClientId, UserId)>,
    /// The email keys of users.
    pub emails: BTreeSet<(ClientId, String)>,
    /// The external ids of users.
    pub external_ids: BTreeSet<(ClientId, ExternalId)>,
    /// The ids of subscriptions, beside the active ones of the users.
    pub subscriptions: BTreeSet<(ClientId, SubscriptionId)>,
    /// The ids of gifts.
    pub gifts: BTreeSet<(ClientId, GiftId)>,
    /// The codes of plans to be read. They are not locked: a purchase is decided by the version
    /// that was sold when it was read.
    pub plans: BTreeSet<(ClientId, PlanCode)>,
    /// The codes of plans to be read and locked.
    pub plans_to_lock: BTreeSet<(ClientId, PlanCode)>,
    /// The ids of subscriptions of which the terms are to be read that they were sold at.
    pub terms_of: BTreeSet<(ClientId, SubscriptionId)>,
    /// The test clients whose clocks are moved.
    pub clocks_to_move: BTreeSet<ClientId>,
    /// The numbers of new ids: one for every command that may make a row.
    pub new_ids: NewIdCounts,
}

impl Needs {
    /// Whether one of the rows that others have locked is among these, named in the same way.
    #[must_use]
    pub fn meet(&self, others: &Self) -> bool {
        !self.clocks.is_disjoint(&others.clocks)
            || !self.users.is_disjoint(&others.users)
            || !self.emails.is_disjoint(&others.emails)
            || !self.external_ids.is_disjoint(&others.external_ids)
            || !self.subscriptions.is_disjoint(&others.subscriptions)
            || !self.gifts.is_disjoint(&others.gifts)
            || !self.plans_to_lock.is_disjoint(&others.plans_to_lock)
    }
}

/// The numbers of new ids of each kind that a batch may need.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct NewIdCounts {
    /// The number of ids for new users.
    pub users: u32,
    /// The number of ids for new gifts.
    pub gifts: u32,
    /// The number of ids for new subscriptions.
    pub subscriptions: u32,
}

/// New ids drawn for a batch, as many as its [`Needs`] say. They are handed out in ascending order,
/// because newer subscriptions of a user must have greater ids, and Postgres may return ids of a
/// sequence in any order.
#[derive(Debug)]
pub struct NewIds {
    users: std::vec::IntoIter<i64>,
    gifts: std::vec::IntoIter<i64>,
    subscriptions: std::vec::IntoIter<i64>,
}

impl NewIds {
    /// Takes ids in any order.
    #[must_use]
    pub fn new(users: Vec<i64>, gifts: Vec<i64>, subscriptions: Vec<i64>) -> Self {
        let ascending = |mut ids: Vec<i64>| {
            ids.sort_unstable();
            ids.into_iter()
        };
        Self {
            users: ascending(users),
            gifts: ascending(gifts),
            subscriptions: ascending(subscriptions),
        }
    }

    pub(crate) fn user(&mut self) -> UserId {
        UserId::new(next(&mut self.users))
    }

    pub(crate) fn gift(&mut self) -> GiftId {
        GiftId::new(next(&mut self.gifts))
    }

    pub(crate) fn subscription(&mut self) -> SubscriptionId {
        SubscriptionId::new(next(&mut self.subscriptions))
    }
}

#[expect(clippy::expect_used, reason = "an id is drawn for every command that takes one")]
fn next(ids: &mut std::vec::IntoIter<i64>) -> i64 {
    ids.next().expect("Needs counts an id for every command that takes one")
}
