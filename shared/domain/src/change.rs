//! The changes that commands make to rows.

use crate::{
    ClientId, Gift, GiftId, Grant, GrantId, Payment, PaymentId, PaymentMethod, PaymentMethodId,
    Plan, PlanId, Refund, RefundId, Subscription, SubscriptionId, TestClock, Transfer, User,
    UserId,
};
use std::collections::BTreeMap;

/// One row as it is after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new user.
    User(User),
    /// A user that was there before. It is told apart, so that no new user takes its row.
    ChangedUser(User),
    /// A new or changed subscription.
    Subscription(Subscription),
    /// A new or changed gift.
    Gift(Gift),
    /// A changed plan. A command changes nothing of it that belongs to a version.
    Plan(Plan),
    /// A new or changed grant of months.
    Grant(Grant),
    /// A new or changed payment.
    Payment(Payment),
    /// A new or changed payment method.
    Method(PaymentMethod),
    /// A new or changed refund.
    Refund(Refund),
    /// Money that moves.
    Transfer(Transfer),
    /// A user has begun a trial.
    Trial(UsedTrial),
    /// The changed clock of a test client.
    Clock(TestClock),
}

/// A trial that a user has begun. Nobody has a second one of a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedTrial {
    /// The client.
    pub client: ClientId,
    /// The user.
    pub user: UserId,
    /// The tier of the plan.
    pub tier: String,
}

/// The final version of every row that a batch changes, in the order of ids.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// New users.
    pub users: BTreeMap<UserId, User>,
    /// Changed users, but for those that are new.
    pub changed_users: BTreeMap<UserId, User>,
    /// New and changed subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// New and changed gifts.
    pub gifts: BTreeMap<GiftId, Gift>,
    /// Changed plans.
    pub plans: BTreeMap<PlanId, Plan>,
    /// New and changed grants.
    pub grants: BTreeMap<GrantId, Grant>,
    /// New and changed payments.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// New and changed payment methods.
    pub methods: BTreeMap<PaymentMethodId, PaymentMethod>,
    /// New and changed refunds.
    pub refunds: BTreeMap<RefundId, Refund>,
    /// Transfers, in the order in which they were made.
    pub transfers: Vec<Transfer>,
    /// Trials that were begun.
    pub trials: Vec<UsedTrial>,
    /// Changed clocks of test clients.
    pub clocks: BTreeMap<ClientId, TestClock>,
}

impl Changes {
    /// Adds a change. It replaces an earlier change of the same row.
    pub fn push(&mut self, change: Change) {
        match change {
            Change::User(user) => drop(self.users.insert(user.id, user)),
            Change::ChangedUser(user) => {
                let is_new = self.users.contains_key(&user.id);
                let users = if is_new { &mut self.users } else { &mut self.changed_users };
                drop(users.insert(user.id, user));
            }
            Change::Subscription(s) => drop(self.subscriptions.insert(s.id, s)),
            Change::Gift(gift) => drop(self.gifts.insert(gift.id, gift)),
            Change::Plan(plan) => drop(self.plans.insert(plan.id, plan)),
            Change::Grant(grant) => drop(self.grants.insert(grant.id, grant)),
            Change::Payment(payment) => drop(self.payments.insert(payment.id, payment)),
            Change::Method(method) => drop(self.methods.insert(method.id, method)),
            Change::Refund(refund) => drop(self.refunds.insert(refund.id, refund)),
            Change::Transfer(transfer) => self.transfers.push(transfer),
            Change::Trial(trial) => self.trials.push(trial),
            Change::Clock(clock) => drop(self.clocks.insert(clock.client, clock)),
        }
    }
}
