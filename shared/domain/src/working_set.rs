//! The rows that a batch of commands touches, in memory.

use crate::{
    Change, ClientId, Email, ExternalId, Gift, GiftId, Grant, GrantId, Instant, Line, Needs,
    Payment, PaymentId, PaymentMethod, PaymentMethodId, Plan, PlanCode, Refund, RefundId,
    Subscription, SubscriptionId, SubscriptionStatus, Terms, TestClock, UsedTrial, User, UserId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most plans that a refusal names.
pub const PLANS_SHOWN_MAX: usize = 10;

/// Users, subscriptions, gifts and plans as the commands of a batch see them: each command sees the
/// changes of those before it.
#[derive(Debug, Default, Clone)]
pub struct WorkingSet {
    test_clocks: HashMap<ClientId, TestClock>,
    users: HashMap<UserId, User>,
    user_of_email: HashMap<(ClientId, String), UserId>,
    user_of_external_id: HashMap<(ClientId, ExternalId), UserId>,
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// The subscriptions that are stored as live; a user has at most one.
    live_of_user: HashMap<UserId, SubscriptionId>,
    /// The subscriptions that are stored as scheduled. There are seldom any.
    waiting_of_user: HashMap<UserId, BTreeSet<SubscriptionId>>,
    gifts: HashMap<GiftId, Gift>,
    plans: BTreeMap<(ClientId, PlanCode), Plan>,
    /// The terms that subscriptions were sold at, where they are needed.
    terms: HashMap<SubscriptionId, Terms>,
    /// The terms that subscriptions are renewed at, where these are those of another plan.
    next_terms: HashMap<SubscriptionId, Terms>,
    /// The tiers of plans, where they are needed.
    tiers: HashMap<(ClientId, String), String>,
    /// The subscriptions that gifts which are redeemed became part of.
    redemptions: HashMap<GiftId, SubscriptionId>,
    /// The grants of subscriptions, where they are needed.
    grants: BTreeMap<GrantId, Grant>,
    payments: HashMap<PaymentId, Payment>,
    methods: HashMap<PaymentMethodId, PaymentMethod>,
    refunds: HashMap<RefundId, Refund>,
    /// The tiers of which users have had a trial.
    used_trials: HashSet<(UserId, String)>,
    /// Pending subscriptions; a user has at most one.
    pending_of_user: HashMap<UserId, SubscriptionId>,
}

impl WorkingSet {
    /// The clock of that client, if it is a test client.
    #[must_use]
    pub fn test_clock(&self, client: ClientId) -> Option<&TestClock> {
        self.test_clocks.get(&client)
    }

    /// Adds the clock of a test client.
    pub fn add_test_clock(&mut self, clock: TestClock) {
        self.test_clocks.insert(clock.client, clock);
    }

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

    /// The user of that client with that external id.
    #[must_use]
    pub fn user_by_external_id(&self, client: ClientId, id: &ExternalId) -> Option<&User> {
        self.users.get(self.user_of_external_id.get(&(client, id.clone()))?)
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

    /// A payment of that client.
    #[must_use]
    pub fn payment(&self, client: ClientId, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id).filter(|payment| payment.client == client)
    }

    /// A payment method of that client.
    #[must_use]
    pub fn method(&self, client: ClientId, id: PaymentMethodId) -> Option<&PaymentMethod> {
        self.methods.get(&id).filter(|method| method.client == client)
    }

    /// A refund of that client.
    #[must_use]
    pub fn refund(&self, client: ClientId, id: RefundId) -> Option<&Refund> {
        self.refunds.get(&id).filter(|refund| refund.client == client)
    }

    /// The grants of a subscription that are here, in the order of their ids. Those that are closed
    /// need not be.
    pub fn grants_of(&self, subscription: SubscriptionId) -> impl Iterator<Item = &Grant> {
        self.grants.values().filter(move |grant| grant.subscription == subscription)
    }

    /// The grant of that id.
    #[must_use]
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(&id)
    }

    /// All grants that are here, in the order of their ids.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values()
    }

    /// Whether the user has had a trial of that tier.
    #[must_use]
    pub fn has_used_trial(&self, user: UserId, tier: &str) -> bool {
        self.used_trials.contains(&(user, tier.to_owned()))
    }

    /// The subscription of the user that is stored as pending.
    #[must_use]
    pub fn pending(&self, user: UserId) -> Option<&Subscription> {
        self.subscriptions.get(self.pending_of_user.get(&user)?)
    }

    /// The subscriptions of the user that run or wait.
    #[must_use]
    pub fn line(&self, user: UserId) -> Line {
        let waiting = self.waiting_of_user.get(&user).into_iter().flatten();
        let ids = self.live_of_user.get(&user).into_iter().chain(waiting);
        Line::of(ids.filter_map(|id| self.subscriptions.get(id)).cloned())
    }

    /// The subscription of the user that is live at `now`, as it is then.
    #[must_use]
    pub fn live(&self, user: UserId, now: Instant) -> Option<Subscription> {
        self.line(user).at(now).into_iter().find(|row| row.state.status().is_live())
    }

    /// The subscriptions of the user that have ended at `now` but are not marked, with the mark.
    #[must_use]
    pub fn ended_unmarked(&self, user: UserId, now: Instant) -> Vec<Subscription> {
        let has_ended = |row: &Subscription| {
            let status = row.state.status();
            !status.is_live() && status != SubscriptionStatus::Scheduled
        };
        let ended = self.line(user).at(now).into_iter().filter(has_ended);
        ended.map(|row| Subscription { updated_at: now, ..row }).collect()
    }

    /// The plan of that client with that code. Only plans that are needed are here.
    #[must_use]
    pub fn plan(&self, client: ClientId, code: &PlanCode) -> Option<&Plan> {
        self.plans.get(&(client, code.clone()))
    }

    /// The plans on sale of that client that are here, the oldest first. If a needed one does not
    /// exist, the [`PLANS_SHOWN_MAX`] oldest of the client are here, and one more if there is one.
    #[must_use]
    pub fn plans_on_sale(&self, client: ClientId) -> Vec<&Plan> {
        let plans = self.plans.values();
        let on_sale = plans.filter(|plan| plan.client == client && plan.retired_at.is_none());
        let mut on_sale: Vec<&Plan> = on_sale.collect();
        on_sale.sort_unstable_by_key(|plan| plan.id);
        on_sale
    }

    /// The terms that a subscription was sold at, where they are needed: of the version that it
    /// has. None if the client has no such plan.
    #[must_use]
    pub fn terms_of(&self, subscription: &Subscription) -> Option<&Terms> {
        let Subscription { client, plan, plan_version, .. } = subscription;
        let found = self.terms.get(&subscription.id);
        found.or_else(|| self.terms_sold_now(*client, plan, *plan_version))
    }

    /// The terms that a subscription is renewed at by itself, where they are needed. None if the
    /// client has no such plan.
    #[must_use]
    pub fn next_terms_of(&self, subscription: &Subscription) -> Option<&Terms> {
        let Some(next) = &subscription.next_plan else { return self.terms_of(subscription) };
        let found = self.next_terms.get(&subscription.id);
        found.or_else(|| self.terms_sold_now(subscription.client, &next.code, next.version))
    }

    /// The terms of a version that this very batch has sold.
    fn terms_sold_now(&self, client: ClientId, code: &str, version: u32) -> Option<&Terms> {
        let mut plans = self.plans.values().filter(|plan| plan.client == client);
        let sold = |plan: &&Plan| plan.code.as_str() == code && plan.version == version;
        plans.find(sold).map(|plan| &plan.terms)
    }

    /// The tier of the plan of that code, where it is needed. None if the client has no such plan.
    #[must_use]
    pub fn tier(&self, client: ClientId, code: &str) -> Option<&str> {
        let mut plans = self.plans.values().filter(|plan| plan.client == client);
        let here = plans.find(|plan| plan.code.as_str() == code);
        let loaded = || self.tiers.get(&(client, code.to_owned())).map(String::as_str);
        here.map(|plan| plan.details.tier.as_str()).or_else(loaded)
    }

    /// Adds the tier of the plan of that code.
    pub fn add_tier(&mut self, client: ClientId, code: String, tier: String) {
        self.tiers.insert((client, code), tier);
    }

    /// The subscription that a gift became part of which is redeemed.
    #[must_use]
    pub fn redeemed_into(&self, gift: GiftId) -> Option<SubscriptionId> {
        self.redemptions.get(&gift).copied()
    }

    /// Adds the subscription that a gift became part of.
    pub fn add_redemption(&mut self, gift: GiftId, subscription: SubscriptionId) {
        self.redemptions.insert(gift, subscription);
    }

    /// Adds the terms that a subscription was sold at.
    pub fn add_terms(&mut self, subscription: SubscriptionId, terms: Terms) {
        self.terms.insert(subscription, terms);
    }

    /// Adds the terms that a subscription is renewed at, where these are those of another plan.
    pub fn add_next_terms(&mut self, subscription: SubscriptionId, terms: Terms) {
        self.next_terms.insert(subscription, terms);
    }

    /// Whether it has all rows that `needs` names by id.
    #[must_use]
    pub fn has_all(&self, needs: &Needs) -> bool {
        needs.users.iter().all(|(client, id)| self.user(*client, *id).is_some())
            && needs.gifts.iter().all(|(client, id)| self.gift(*client, *id).is_some())
            && needs
                .subscriptions
                .iter()
                .all(|(client, id)| self.subscription(*client, *id).is_some())
            && needs.owners_of.iter().all(|(client, id)| {
                self.subscription(*client, *id).is_some_and(|s| self.users.contains_key(&s.user))
            })
            && needs.payments.iter().all(|(client, id)| self.payment(*client, *id).is_some())
            && needs.methods.iter().all(|(client, id)| self.method(*client, *id).is_some())
            && needs.refunds.iter().all(|(client, id)| self.refund(*client, *id).is_some())
    }

    /// Adds or replaces a row, as loaded or as changed by a command.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::User(user) | Change::ChangedUser(user) => self.apply_user(user),
            Change::Subscription(subscription) => self.apply_subscription(subscription),
            Change::Gift(gift) => {
                self.gifts.insert(gift.id, gift);
            }
            Change::Plan(plan) => {
                self.plans.insert((plan.client, plan.code.clone()), plan);
            }
            Change::Clock(clock) => self.add_test_clock(clock),
            Change::Grant(grant) => {
                if let Some(gift) = grant.source.gift() {
                    self.add_redemption(gift, grant.subscription);
                }
                self.grants.insert(grant.id, grant);
            }
            Change::Payment(payment) => {
                self.payments.insert(payment.id, payment);
            }
            Change::Method(method) => {
                self.methods.insert(method.id, method);
            }
            Change::Refund(refund) => {
                self.refunds.insert(refund.id, refund);
            }
            Change::Trial(UsedTrial { user, tier, .. }) => {
                self.used_trials.insert((user, tier));
            }
            Change::Transfer(_) => {}
        }
    }

    fn apply_subscription(&mut self, subscription: Subscription) {
        let (user, id, status) = (subscription.user, subscription.id, subscription.state.status());
        if status.is_live() {
            self.live_of_user.insert(user, id);
        } else if self.live_of_user.get(&user) == Some(&id) {
            self.live_of_user.remove(&user);
        }
        if status == SubscriptionStatus::Scheduled {
            self.waiting_of_user.entry(user).or_default().insert(id);
        } else if let Some(waiting) = self.waiting_of_user.get_mut(&user) {
            waiting.remove(&id);
        }
        if status == SubscriptionStatus::Pending {
            self.pending_of_user.insert(user, id);
        } else if self.pending_of_user.get(&user) == Some(&id) {
            self.pending_of_user.remove(&user);
        }
        let before = self.subscriptions.insert(id, subscription);
        if let Some(before) = before {
            self.apply_plan(&before);
        }
    }

    /// Terms that are here are those of the plan that it had before. One that was renewed as
    /// another plan has the terms of that one.
    fn apply_plan(&mut self, before: &Subscription) {
        let Some(after) = self.subscriptions.get(&before.id) else { return };
        let (id, sold) = (before.id, (&after.plan, after.plan_version));
        if before.next_plan != after.next_plan || sold != (&before.plan, before.plan_version) {
            let next = self.next_terms.remove(&id);
            if sold != (&before.plan, before.plan_version) {
                self.terms.remove(&id);
                let planned = before.next_plan.as_ref().map(|plan| (&plan.code, plan.version));
                self.terms.extend(next.filter(|_| planned == Some(sold)).map(|terms| (id, terms)));
            }
        }
    }

    /// A user who changes its email gives the old one up.
    fn apply_user(&mut self, user: User) {
        let (client, id) = (user.client, user.id);
        if let Some(before) = self.users.get(&id).filter(|before| before.email != user.email) {
            self.user_of_email.remove(&(client, before.email.key()));
        }
        self.user_of_email.insert((client, user.email.key()), id);
        if let Some(external_id) = &user.external_id {
            self.user_of_external_id.insert((client, external_id.clone()), id);
        }
        self.users.insert(id, user);
    }
}
