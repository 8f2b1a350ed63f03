//! Our own books of a history: every row, and the rules that bind them.

use super::edges;
use crate::by_hand;
use domain::{
    Change, ClientId, Context, ExternalId, Gift, GiftId, Grant, GrantId, Instant, InternalCommand,
    Money, Operation, Plan, PlanCode, PlanDetails, PlanId, Subscription, SubscriptionId,
    SubscriptionState, Terms, User, UserId,
};
use proptest::sample::Index;
use samples::{RIVAL, SHOP, built_in_plans, plan, plan_of};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) plans: BTreeMap<(ClientId, PlanCode), Plan>,
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    pub(crate) gifts: BTreeMap<GiftId, Gift>,
    pub(crate) grants: BTreeMap<GrantId, Grant>,
}

impl Books {
    /// Books with what both clients sell: what is built in, `bronze` for nothing, which is a tier
    /// of its own, and `silver` for money.
    pub(crate) fn new() -> Self {
        let bought = plan_of("bronze");
        let price = Money { amount: 100, ..bought.terms.price };
        let terms = Terms { price, ..bought.terms };
        let silver = Plan { id: PlanId::new(4), code: plan("silver"), terms, ..bought.clone() };
        let details = PlanDetails { tier: "bronze".to_owned(), ..bought.details.clone() };
        let bronze = Plan { id: PlanId::new(3), version: 2, details, ..bought };
        let of_client = |client| {
            let more = [bronze.clone(), silver.clone()].map(|plan| Plan { client, ..plan });
            built_in_plans(client).chain(more)
        };
        let plans = [SHOP, RIVAL].into_iter().flat_map(of_client);
        Self {
            plans: plans.map(|plan| ((plan.client, plan.code.clone()), plan)).collect(),
            users: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            gifts: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// Ids of different kinds are alike on purpose: a mix-up finds a row, and shows.
    pub(crate) fn next_id(&self, operation: Operation) -> i64 {
        let rows = match operation {
            Operation::CreateUser => self.users.len(),
            Operation::Give => self.gifts.len(),
            _ => self.subscriptions.len(),
        };
        i64::try_from(rows).unwrap() + 1
    }

    /// Takes in a change that a command made. `new_id` is the id of what it makes; an internal
    /// command makes nothing.
    pub(crate) fn record(&mut self, change: &Change, (context, new_id): (&Context, Option<i64>)) {
        let now = context.now;
        match change {
            Change::User(user) => {
                assert_eq!((Some(user.id.get()), user.created_at), (new_id, now));
                assert!(self.users.insert(user.id, user.clone()).is_none());
            }
            Change::ChangedUser(new) => {
                let old = self.users.insert(new.id, new.clone());
                edges::check_user(&old.unwrap(), new);
            }
            Change::Subscription(new) => {
                match self.subscriptions.insert(new.id, new.clone()) {
                    None => assert_eq!(Some(new.id.get()), new_id),
                    Some(old) => edges::check_subscription(&old, new, now),
                }
                let of_user = self.subscriptions.values().filter(|s| s.user == new.user);
                assert!(
                    of_user.filter(|s| s.state.status().is_live()).count() <= 1,
                    "two live ones"
                );
            }
            Change::Gift(new) => match self.gifts.insert(new.id, new.clone()) {
                None => assert_eq!((Some(new.id.get()), new.created_at), (new_id, now)),
                Some(old) => {
                    let recipient = new.state.redemption().and_then(|(id, _)| self.users.get(&id));
                    edges::check_gift(&old, new, recipient, now);
                }
            },
            Change::Plan(new) => {
                let place = (new.client, new.code.clone());
                let old = self.plans.insert(place, new.clone()).unwrap();
                assert_eq!((old.client, old.retired_at), (context.client, None));
                assert_eq!(*new, Plan { retired_at: Some(now), ..old });
            }
            Change::Grant(grant) => {
                let place = |slice| Grant { slice, ..grant.clone() };
                match self.grants.insert(grant.id, grant.clone()) {
                    None => assert_eq!((grant.job, grant.granted_at), (context.job, now)),
                    // It begins, or goes on after a pause.
                    Some(old) => assert_eq!(place(old.slice), old),
                }
                assert_eq!((grant.value, grant.closed_at), (0, None));
            }
            // Nobody pays in these histories, and no step moves a clock.
            Change::Payment(_)
            | Change::Method(_)
            | Change::Refund(_)
            | Change::Transfer(_)
            | Change::Trial(_)
            | Change::Clock(_) => unreachable!(),
        }
    }

    /// The rules that hold at any time.
    pub(crate) fn check(&self) {
        let (mut months, mut redeemed) = (BTreeMap::new(), BTreeSet::new());
        for grant in self.grants.values() {
            *months.entry(grant.subscription).or_default() += grant.months;
            let gift = grant.source.gift();
            assert!(gift.is_none_or(|gift| redeemed.insert(gift)), "two grants name {gift:?}");
        }
        for s in self.subscriptions.values() {
            assert_eq!(Some(&s.months), months.get(&s.id), "months are not the sum of the grants");
            assert_eq!(Some(s.end_date), by_hand::add_months(s.anchor, s.anchor_months));
            assert!(s.start_date >= s.created_at && s.anchor_months <= s.months);
            assert!(s.end_date > s.start_date || is_unbegun(s), "{s:?}");
            if s.state == SubscriptionState::Scheduled {
                let mut of_user = self.subscriptions.values().filter(|other| other.user == s.user);
                assert!(of_user.any(|other| other.state.status().is_live()), "{s:?}");
            }
            assert_eq!(self.client_of(s.user), Some(s.client));
            self.check_slices(s);
        }
        for gift in self.gifts.values() {
            let is_redeemed = gift.state.redemption().is_some();
            assert_eq!(is_redeemed, redeemed.contains(&gift.id), "{gift:?}");
            assert_eq!(self.client_of(gift.gifter), Some(gift.client));
        }
        let emails = self.users.values().map(|user| (user.client, user.email.key()));
        assert_eq!(emails.collect::<BTreeSet<_>>().len(), self.users.len(), "an email twice");
        let named = self.users.values().filter_map(|u| Some((u.client, u.external_id.as_ref()?)));
        let ids: BTreeSet<_> = named.clone().collect();
        assert_eq!(ids.len(), named.count(), "an external id twice");
    }

    /// The time of grants is in one piece, but for pauses, up to the end of the subscription.
    fn check_slices(&self, s: &Subscription) {
        let grants = self.grants.values().filter(|grant| grant.subscription == s.id);
        let slices: Vec<_> = grants.map(|grant| grant.slice).collect();
        if s.state == SubscriptionState::Scheduled || is_unbegun(s) {
            assert!(slices.iter().all(Option::is_none), "{s:?}");
            return;
        }
        let slices = slices.into_iter().collect::<Option<Vec<_>>>().unwrap();
        let ends = || slices.iter().map(|slice| slice.end);
        assert_eq!(ends().next_back(), Some(s.end_date));
        assert_eq!(slices.first().map(|slice| slice.start >= s.start_date), Some(true));
        let starts = slices.iter().skip(1).map(|slice| slice.start);
        assert!(ends().zip(starts).all(|(end, start)| end <= start), "{s:?}");
    }

    /// The members that name a user: the external id, if there is one.
    pub(crate) fn name(&self, id: UserId) -> (Option<UserId>, Option<ExternalId>) {
        match self.users.get(&id).and_then(|user| user.external_id.clone()) {
            Some(external_id) => (None, Some(external_id)),
            None => (Some(id), None),
        }
    }

    fn client_of(&self, user: UserId) -> Option<ClientId> {
        self.users.get(&user).map(|user| user.client)
    }

    /// What is due at `now`, as the finders of the store tell it.
    pub(crate) fn due(&self, now: Instant) -> Vec<(ClientId, InternalCommand)> {
        let is_due = |due_at: Option<Instant>| due_at.is_some_and(|due_at| due_at <= now);
        let ended = self.subscriptions.values().filter(|s| is_due(s.due_at()));
        let ended = ended.map(|s| (s.client, s.due().unwrap()));
        let missed = self.gifts.values().filter(|gift| is_due(gift.due_at()));
        ended.chain(missed.map(|gift| (gift.client, gift.due().unwrap()))).collect()
    }

    /// Every row, without the instants at which subscriptions were last marked or changed.
    pub(crate) fn rows_but_for_updates(&self) -> (Vec<User>, Vec<Subscription>, Vec<Gift>) {
        let unmarked = |s: &Subscription| Subscription { updated_at: s.created_at, ..s.clone() };
        let users = self.users.values().cloned().collect();
        let subscriptions = self.subscriptions.values().map(unmarked).collect();
        (users, subscriptions, self.gifts.values().cloned().collect())
    }

    /// Every subscription and every gift.
    pub(crate) fn rows(
        &self,
    ) -> (&BTreeMap<SubscriptionId, Subscription>, &BTreeMap<GiftId, Gift>) {
        (&self.subscriptions, &self.gifts)
    }

    /// The next instant at which something is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let subscriptions = self.subscriptions.values().filter_map(Subscription::due_at);
        subscriptions.chain(self.gifts.values().filter_map(Gift::due_at)).min()
    }

    pub(crate) fn next_end(&self, now: Instant) -> Option<Instant> {
        let ends =
            self.subscriptions.values().filter(|s| s.state.status().is_live()).map(|s| s.end_date);
        let expiries = self.gifts.values().map(|gift| gift.expires_at);
        ends.chain(expiries).filter(|end| *end > now).min()
    }

    pub(crate) fn any_user(&self, index: Index) -> Option<(ClientId, UserId)> {
        pick(index, self.users.values()).map(|user| (user.client, user.id))
    }

    pub(crate) fn any_subscription(&self, index: Index) -> Option<(ClientId, SubscriptionId)> {
        pick(index, self.subscriptions.values()).map(|s| (s.client, s.id))
    }

    pub(crate) fn any_gift(&self, index: Index) -> Option<(ClientId, GiftId)> {
        pick(index, self.gifts.values()).map(|gift| (gift.client, gift.id))
    }

    /// The user that a gift is meant for, if there is one.
    pub(crate) fn recipient(&self, gift: GiftId) -> Option<UserId> {
        let gift = self.gifts.get(&gift)?;
        let mut users = self.users.values().filter(|user| user.client == gift.client);
        users.find(|user| user.email.key() == gift.recipient_email.key()).map(|user| user.id)
    }
}

/// Whether it waits, or was cancelled while it did.
fn is_unbegun(s: &Subscription) -> bool {
    let state =
        matches!(s.state, SubscriptionState::Scheduled | SubscriptionState::Cancelled { .. });
    state && s.start_date == s.end_date && s.start_date == s.created_at
}

fn pick<'a, T>(index: Index, mut rows: impl ExactSizeIterator<Item = &'a T>) -> Option<&'a T> {
    let count = rows.len();
    (count > 0).then(|| rows.nth(index.index(count))).flatten()
}
