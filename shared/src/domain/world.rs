//! The part of the state that a batch of commands touches, in memory, and what they changed of it.

use super::{
    ClientId, Command, Email, Gift, GiftId, Grant, Instant, Subscription, SubscriptionId,
    SubscriptionStatus, User, UserId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Users, subscriptions and gifts as the commands of a batch see them: each command sees what those
/// before it did.
#[derive(Debug, Default, Clone)]
pub struct World {
    users: HashMap<UserId, User>,
    user_of_email: HashMap<(ClientId, String), UserId>,
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// The subscription stored as active, of which a user has at most one.
    active_of_user: HashMap<UserId, SubscriptionId>,
    gifts: HashMap<GiftId, Gift>,
}

/// One row as it is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new user.
    User(User),
    /// A new or changed subscription.
    Subscription(Subscription),
    /// A new or changed gift.
    Gift(Gift),
    /// Months granted.
    Grant(Grant),
}

impl World {
    /// A user of that client.
    #[must_use]
    pub fn user(&self, client: ClientId, id: UserId) -> Option<&User> {
        self.users.get(&id).filter(|user| user.client == client)
    }

    /// The user of that client with that email.
    #[must_use]
    pub fn user_by_email(&self, client: ClientId, email: &Email) -> Option<&User> {
        self.users.get(self.user_of_email.get(&(client, email.key()))?)
    }

    /// A subscription of that client.
    #[must_use]
    pub fn subscription(&self, client: ClientId, id: SubscriptionId) -> Option<&Subscription> {
        self.subscriptions.get(&id).filter(|subscription| subscription.client == client)
    }

    /// A gift of that client.
    #[must_use]
    pub fn gift(&self, client: ClientId, id: GiftId) -> Option<&Gift> {
        self.gifts.get(&id).filter(|gift| gift.client == client)
    }

    /// The subscription of the user that runs at `now`.
    #[must_use]
    pub fn running(&self, user: UserId, now: Instant) -> Option<&Subscription> {
        self.stored_active(user).filter(|s| s.end_date > now)
    }

    /// The subscription of the user that is past its end at `now` without being marked so.
    #[must_use]
    pub fn lapsed(&self, user: UserId, now: Instant) -> Option<&Subscription> {
        self.stored_active(user).filter(|s| s.end_date <= now)
    }

    fn stored_active(&self, user: UserId) -> Option<&Subscription> {
        self.subscriptions.get(self.active_of_user.get(&user)?)
    }

    /// Takes in a row, as loaded or as changed by a command.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::User(user) => {
                self.user_of_email.insert((user.client, user.email.key()), user.id);
                self.users.insert(user.id, user);
            }
            Change::Subscription(subscription) => {
                let (user, id) = (subscription.user, subscription.id);
                if subscription.status == SubscriptionStatus::Active {
                    self.active_of_user.insert(user, id);
                } else if self.active_of_user.get(&user) == Some(&id) {
                    self.active_of_user.remove(&user);
                }
                self.subscriptions.insert(id, subscription);
            }
            Change::Gift(gift) => {
                self.gifts.insert(gift.id, gift);
            }
            Change::Grant(_) => {}
        }
    }
}

/// The last word of a batch on every row it touched. Ordered by id: a lapsed subscription must be
/// written before its successor, or the index of active ones would refuse the successor.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// New users.
    pub users: BTreeMap<UserId, User>,
    /// New and changed subscriptions.
    pub subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// New and changed gifts.
    pub gifts: BTreeMap<GiftId, Gift>,
    /// New grants.
    pub grants: Vec<Grant>,
}

impl Changes {
    /// Adds a change; a later one of the same row replaces an earlier one.
    pub fn push(&mut self, change: Change) {
        match change {
            Change::User(user) => drop(self.users.insert(user.id, user)),
            Change::Subscription(s) => drop(self.subscriptions.insert(s.id, s)),
            Change::Gift(gift) => drop(self.gifts.insert(gift.id, gift)),
            Change::Grant(grant) => self.grants.push(grant),
        }
    }
}

/// What must be loaded, and locked, before the commands of a batch can be decided.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Footprint {
    /// Users by id.
    pub users: BTreeSet<UserId>,
    /// Users by client and email key.
    pub emails: BTreeSet<(ClientId, String)>,
    /// Subscriptions by id, beside the active ones of the users.
    pub subscriptions: BTreeSet<SubscriptionId>,
    /// Gifts by id.
    pub gifts: BTreeSet<GiftId>,
}

impl Footprint {
    /// Adds what `command` of `client` touches.
    pub fn add(&mut self, client: ClientId, command: &Command) {
        match command {
            Command::CreateUser { email } => drop(self.emails.insert((client, email.key()))),
            Command::Subscribe { user_id, .. } => drop(self.users.insert(*user_id)),
            Command::Renew { subscription_id, .. } | Command::Cancel { subscription_id } => {
                self.subscriptions.insert(*subscription_id);
            }
            Command::Gift { gifter_id, .. } => drop(self.users.insert(*gifter_id)),
            Command::Redeem { gift_id, user_id } => {
                self.gifts.insert(*gift_id);
                self.users.insert(*user_id);
            }
        }
    }
}
