//! The needs of a batch: rows to be loaded and locked, and new ids.

use crate::{
    ClientId, ExternalId, GiftId, GrantId, PaymentId, PaymentMethodId, PlanCode, RefundId,
    SubscriptionId, UserId,
};
use serde::Deserialize;
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
    /// The ids of gifts. Of those that are redeemed the subscriptions are told.
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
    /// The ids of subscriptions of which the users must be locked, too. Commands of clients lock
    /// them in any case.
    pub owners_of: BTreeSet<(ClientId, SubscriptionId)>,
    /// The ids of subscriptions of which the grants are needed that are not closed, or have no
    /// months: a change of plan has taken these. Those of subscriptions that wait or stand still
    /// are loaded in any case.
    pub grants_of: BTreeSet<(ClientId, SubscriptionId)>,
    /// The ids of payments. What they are for is loaded, too: the user, the subscription or the
    /// gift, and the subscriptions with grants that they paid for, with all their grants. The users
    /// of these are locked, too, and what waits behind them is loaded.
    pub payments: BTreeSet<(ClientId, PaymentId)>,
    /// The ids of payment methods. Their users are loaded, too, and the terms of the subscriptions
    /// that these have live, as in `terms_of`.
    pub methods: BTreeSet<(ClientId, PaymentMethodId)>,
    /// The ids of refunds.
    pub refunds: BTreeSet<(ClientId, RefundId)>,
    /// Whether the default payment methods of the users are needed, where a plan that is loaded has
    /// a price; and the payments that the subscriptions and gifts which are loaded wait for, where
    /// they do, and that the grants were paid with which are loaded.
    pub money: bool,
    /// Whether the terms of the subscriptions that users have live are needed, and those of their
    /// grants that are not closed, where a gift that is loaded has a value.
    pub beside_gifts: bool,
    /// Whether the trials are needed that the users have begun, where a plan that is loaded has
    /// one.
    pub trials: bool,
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
            || !self.payments.is_disjoint(&others.payments)
            || !self.methods.is_disjoint(&others.methods)
    }
}

/// The numbers of new ids of each kind that a batch may need.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NewIdCounts {
    /// The number of ids for new users.
    pub users: u32,
    /// The number of ids for new gifts.
    pub gifts: u32,
    /// The number of ids for new subscriptions.
    pub subscriptions: u32,
    /// The number of ids for new grants.
    pub grants: u32,
    /// The ids of subscriptions that need as many ids for new grants as they have grants that are
    /// not closed.
    pub grants_of: BTreeSet<(ClientId, SubscriptionId)>,
    /// The number of ids for new payments.
    pub payments: u32,
    /// The number of ids for new payment methods.
    pub methods: u32,
    /// The number of ids for new refunds.
    pub refunds: u32,
}

/// New ids as they were drawn, in any order.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct DrawnIds {
    /// For new users.
    pub users: Vec<i64>,
    /// For new gifts.
    pub gifts: Vec<i64>,
    /// For new subscriptions.
    pub subscriptions: Vec<i64>,
    /// For new grants.
    pub grants: Vec<i64>,
    /// For new payments.
    pub payments: Vec<i64>,
    /// For new payment methods.
    pub methods: Vec<i64>,
    /// For new refunds.
    pub refunds: Vec<i64>,
}

/// New ids drawn for a batch, as many as its [`Needs`] say. They are handed out in ascending order,
/// because newer subscriptions of a user must have greater ids, and Postgres may return ids of a
/// sequence in any order.
#[derive(Debug)]
pub struct NewIds {
    users: std::vec::IntoIter<i64>,
    gifts: std::vec::IntoIter<i64>,
    subscriptions: std::vec::IntoIter<i64>,
    grants: std::vec::IntoIter<i64>,
    payments: std::vec::IntoIter<i64>,
    methods: std::vec::IntoIter<i64>,
    refunds: std::vec::IntoIter<i64>,
}

impl NewIds {
    /// Takes ids in any order.
    #[must_use]
    pub fn new(drawn: DrawnIds) -> Self {
        let ascending = |mut ids: Vec<i64>| {
            ids.sort_unstable();
            ids.into_iter()
        };
        Self {
            users: ascending(drawn.users),
            gifts: ascending(drawn.gifts),
            subscriptions: ascending(drawn.subscriptions),
            grants: ascending(drawn.grants),
            payments: ascending(drawn.payments),
            methods: ascending(drawn.methods),
            refunds: ascending(drawn.refunds),
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

    pub(crate) fn grant(&mut self) -> GrantId {
        GrantId::new(next(&mut self.grants))
    }

    pub(crate) fn payment(&mut self) -> PaymentId {
        PaymentId::new(next(&mut self.payments))
    }

    pub(crate) fn method(&mut self) -> PaymentMethodId {
        PaymentMethodId::new(next(&mut self.methods))
    }

    pub(crate) fn refund(&mut self) -> RefundId {
        RefundId::new(next(&mut self.refunds))
    }
}

#[expect(clippy::expect_used, reason = "an id is drawn for every command that takes one")]
fn next(ids: &mut std::vec::IntoIter<i64>) -> i64 {
    ids.next().expect("Needs counts an id for every command that takes one")
}
