//! The rows that a batch of commands touches, in memory.

use crate::{
    Change, ClientId, Email, Gift, GiftId, Instant, Needs, Subscription, SubscriptionId,
    SubscriptionState, User, UserId,
};
use std::collections::HashMap;

/// Users, subscriptions and gifts as the commands of a batch see them: each command sees the
/// changes of those before it.
#[derive(Debug, Default, Clone)]
pub struct WorkingSet {
    users: HashMap<UserId, User>,
    user_of_email: HashMap<(ClientId, String), UserId>,
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// The subscriptions that are stored as active; a user has at most one.
    active_of_user: HashMap<UserId, SubscriptionId>,
    gifts: HashMap<GiftId, Gift>,
}

impl WorkingSet {
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

    /// The subscription of the user that is past its end at `now` but not marked as expired.
    #[must_use]
    pub fn ended_unmarked(&self, user: UserId, now: Instant) -> Option<&Subscription> {
        self.stored_active(user).filter(|s| s.end_date <= now)
    }

    fn stored_active(&self, user: UserId) -> Option<&Subscription> {
        self.subscriptions.get(self.active_of_user.get(&user)?)
    }

    /// Whether it has all users, subscriptions and gifts that `needs` names by id.
    #[must_use]
    pub fn has_all(&self, needs: &Needs) -> bool {
        needs.users.iter().all(|(client, id)| self.user(*client, *id).is_some())
            && needs.gifts.iter().all(|(client, id)| self.gift(*client, *id).is_some())
            && needs
                .subscriptions
                .iter()
                .all(|(client, id)| self.subscription(*client, *id).is_some())
    }

    /// Adds or replaces a row, as loaded or as changed by a command.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::User(user) => {
                self.user_of_email.insert((user.client, user.email.key()), user.id);
                self.users.insert(user.id, user);
            }
            Change::Subscription(subscription) => {
                let (user, id) = (subscription.user, subscription.id);
                if subscription.state == SubscriptionState::Active {
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
