//! A shop with two users, its books, and a provider that says what it is told to say.

use super::act::{Act, Say, pick};
use super::load::load;
use crate::by_hand;
use domain::{
    Account, Change, ChargeOutcome, Command, Context, Decision, DeclineCode, DrawnIds, Effect,
    EffectTask, Gift, GiftId, GiftState, Grant, GrantId, IdempotencyKey, Instant, InternalCommand,
    Interval, MethodOutcome, Money, Needs, NewIds, Payment, PaymentId, PaymentMethod,
    PaymentMethodId, PaymentStatus, Plan, PlanId, Provider, Refund, RefundId, RefundOutcome,
    RefundStatus, SettleMethod, SettlePayment, SettleRefund, Subscription, SubscriptionId,
    SubscriptionState, SubscriptionStatus, Terms, UsedTrial, User, UserId, WorkingSet, decide,
    decide_internal, internal_job_id, job_id,
};
use samples::{BOB, GIFT_TTL, SHOP, at, card, payer, priced, working_set};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Shop {
    set: WorkingSet,
    provider: Provider,
    pub(crate) now: Instant,
    jobs: u32,
    pub(super) users: BTreeMap<UserId, User>,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    pub(super) grants: BTreeMap<GrantId, Grant>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(super) refunds: BTreeMap<RefundId, Refund>,
    pub(super) gifts: BTreeMap<GiftId, Gift>,
    pub(super) methods: BTreeMap<PaymentMethodId, PaymentMethod>,
    pub(super) trials: Vec<UsedTrial>,
    /// What was credited to each account, less what was debited.
    pub(crate) balances: BTreeMap<Account, i64>,
    /// What the provider was asked.
    asked: Vec<Effect>,
    /// The internal commands that changed something.
    pub(crate) done: Vec<&'static str>,
    /// Their keys: the log of commands takes each of them once.
    keys: BTreeSet<String>,
    /// Whether a refund has ever failed.
    has_failed: bool,
}

pub(super) fn plans() -> Vec<Plan> {
    let sold = |id, code: &str, amount, trial_days, grace_days, interval| {
        let plan = priced(code, amount);
        let price = Money { amount, ..plan.terms.price };
        let terms = Terms { interval, price, trial_days, grace_days };
        Plan { id: PlanId::new(id), terms, ..plan }
    };
    vec![
        sold(20, "bronze", 1_000, 0, 0, Interval::Month),
        sold(21, "gold", 3_001, 14, 7, Interval::Month),
        sold(22, "platinum", 3_050, 0, 4, Interval::Month),
        sold(23, "gold-year", 30_007, 0, 7, Interval::Year),
    ]
}

impl Shop {
    pub(crate) fn new(provider: Provider) -> Self {
        let alice = payer(0);
        let bob = User {
            id: BOB,
            email: samples::email("bob@example.com"),
            default_method: Some(PaymentMethodId::new(41)),
            ..payer(0)
        };
        let card = PaymentMethod { provider, ..card() };
        let cards =
            [card.clone(), PaymentMethod { id: PaymentMethodId::new(41), user: BOB, ..card }];
        let users = [alice, bob];
        let rows = plans().into_iter().map(Change::Plan);
        let rows = rows.chain(users.clone().map(Change::ChangedUser));
        Self {
            set: working_set(rows.chain(cards.clone().map(Change::Method))),
            provider,
            now: at("2024-01-31T10:00:00.000001Z"),
            jobs: 0,
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            subscriptions: BTreeMap::new(),
            grants: BTreeMap::new(),
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            gifts: BTreeMap::new(),
            methods: cards.iter().cloned().map(|card| (card.id, card)).collect(),
            trials: Vec::new(),
            balances: BTreeMap::new(),
            asked: Vec::new(),
            done: Vec::new(),
            keys: BTreeSet::new(),
            has_failed: false,
        }
    }

    /// Does it; the name of the operation if a command was done.
    pub(crate) fn take(&mut self, act: &Act) -> Option<&'static str> {
        match act {
            Act::Wait(time) => self.advance(self.now + *time),
            Act::WaitForEnd(time) => {
                let live = self.subscriptions.values().find(|s| s.state.status().is_live());
                if let Some(to) = live.map(|s| s.end_date + *time).filter(|to| self.now < *to) {
                    self.advance(to);
                }
            }
            Act::Answer(index, say) => {
                if let Some(task) = pick(*index, &self.asked).cloned() {
                    self.answer(&task, *say);
                }
            }
            _ => return self.ask(act),
        }
        None
    }

    fn ask(&mut self, act: &Act) -> Option<&'static str> {
        let newest = self.subscriptions.values().rev();
        let live = newest.clone().find(|s| s.state.status().is_live());
        let id = live.or(newest.clone().next()).map_or(SubscriptionId::new(1), |s| s.id);
        let payments: Vec<_> = self.payments.keys().copied().collect();
        let gifts: Vec<_> = self.gifts.keys().copied().collect();
        let methods: Vec<_> = self.methods.keys().copied().collect();
        let command: Command = act.command(id, (&payments, &gifts, &methods), self.now)?;
        self.jobs += 1;
        let key = IdempotencyKey::parse(self.jobs.to_string().as_bytes()).unwrap();
        let context = self.context(job_id(SHOP, &key));
        let decision = decide(&self.set, &context, &command, &mut self.new_ids());
        let mut needs = Needs::default();
        command.needs(SHOP, &mut needs);
        let loaded = load(self, &needs, true);
        let again = decide(&loaded, &context, &command, &mut self.new_ids());
        assert_eq!(decision, again, "loaded too little for {command:?}");
        let is_done = decision.outcome.refusal().is_none();
        assert!(is_done || decision.changes.is_empty());
        self.write(decision);
        is_done.then(|| command.operation().as_str())
    }

    fn context(&self, job: domain::JobId) -> Context {
        let provider = Some(self.provider);
        Context { now: self.now, client: SHOP, job, gift_ttl: GIFT_TTL, provider }
    }

    fn new_ids(&self) -> NewIds {
        let ids = || (1..=32).map(|n| i64::from(self.jobs) * 32 + n).collect();
        NewIds::new(DrawnIds {
            users: ids(),
            gifts: ids(),
            subscriptions: ids(),
            grants: ids(),
            payments: ids(),
            methods: ids(),
            refunds: ids(),
        })
    }

    fn internal(&mut self, command: &InternalCommand) {
        self.jobs += 1;
        let context = self.context(internal_job_id(SHOP, &command.key()));
        let ids = &mut self.new_ids();
        let decision = decide_internal(&self.set, &context, command, ids);
        let mut needs = Needs::default();
        command.needs(SHOP, &mut needs);
        let loaded = load(self, &needs, false);
        assert!(loaded.has_all(&needs));
        let again = decide_internal(&loaded, &context, command, &mut self.new_ids());
        assert_eq!(decision, again, "loaded too little for {command:?}");
        if let Some(decision) = decision {
            let is_new = self.keys.insert(command.key().as_str().to_owned());
            assert!(is_new, "decided twice: {command:?}");
            self.done.push(command.operation().as_str());
            self.write(decision);
        }
    }

    /// Moves the clock, and does what is due at each instant on the way.
    pub(crate) fn advance(&mut self, to: Instant) {
        let mut steps = 0;
        while let Some((at, _, command)) = self.next_due().filter(|(at, ..)| *at <= to) {
            self.now = at.max(self.now);
            self.internal(&command);
            steps += 1;
            assert!(steps < 20_000, "{command:?} again and again");
        }
        self.now = to;
    }

    fn next_due(&self) -> Option<(Instant, domain::Turn, InternalCommand)> {
        let subscriptions = self.subscriptions.values();
        let subscriptions = subscriptions.filter_map(|s| Some((s.due_at()?, s.due()?)));
        let gifts = self.gifts.values();
        let gifts = gifts.filter_map(|gift| Some((gift.due_at()?, gift.due()?)));
        let all = subscriptions.chain(gifts);
        let all = all.map(|(at, command)| (at, command.turn(), command));
        all.min_by_key(|(at, turn, _)| (*at, *turn))
    }

    fn answer(&mut self, effect: &Effect, say: Say) {
        let decline = |is_hard| DeclineCode { code: "no".to_owned(), is_hard };
        let (command, is_final): (InternalCommand, bool) = match &effect.task {
            EffectTask::Charge(charge) => {
                let (outcome, is_final) = match say {
                    Say::Yes => (ChargeOutcome::Succeeded, true),
                    Say::No | Say::Never => {
                        let decline = decline(matches!(say, Say::Never));
                        (ChargeOutcome::Declined { decline }, true)
                    }
                    Say::Ask => {
                        let action_url = "https://pay.test/1".to_owned();
                        (ChargeOutcome::ActionRequired { action_url }, false)
                    }
                    Say::Nothing => (ChargeOutcome::Unknown, false),
                    Say::StillNothing => (ChargeOutcome::StillUnknown, false),
                };
                (SettlePayment { payment_id: charge.payment, outcome }.into(), is_final)
            }
            EffectTask::PayBack(back) => {
                let (outcome, is_final) = match say {
                    Say::Yes => (RefundOutcome::Succeeded, true),
                    // It may change its mind.
                    Say::No | Say::Ask => (RefundOutcome::Succeeded, false),
                    Say::Never => (RefundOutcome::Failed, false),
                    Say::Nothing | Say::StillNothing => (RefundOutcome::StillUnknown, false),
                };
                let (refund_id, payment_id) = (back.refund, back.payment);
                (SettleRefund { refund_id, payment_id, outcome }.into(), is_final)
            }
            EffectTask::SetUpMethod(method) => {
                let outcome = match say {
                    Say::Never => MethodOutcome::Declined { decline: decline(true) },
                    _ => MethodOutcome::Attached {
                        reference: "pm".to_owned(),
                        customer: "cus".to_owned(),
                        brand: "visa".to_owned(),
                        last4: "4242".to_owned(),
                    },
                };
                let (job_id, method_id) = (effect.job, method.method);
                (SettleMethod { job_id, method_id, outcome }.into(), true)
            }
            EffectTask::StopCharge(_) | EffectTask::DetachMethod(_) | EffectTask::Clock(_) => {
                return;
            }
        };
        if is_final {
            self.asked.retain(|other| other.id != effect.id);
        }
        // What was said before is not heard again.
        if !self.keys.contains(command.key().as_str()) {
            self.internal(&command);
        }
    }

    /// The provider says yes to all that it was asked.
    pub(crate) fn settle_all(&mut self) {
        while let Some(task) = self.asked.first().cloned() {
            self.answer(&task, Say::Yes);
            self.check();
        }
    }

    fn write(&mut self, Decision { changes, effects, .. }: Decision) {
        for change in changes {
            match change.clone() {
                Change::ChangedUser(user) => drop(self.users.insert(user.id, user)),
                Change::Subscription(s) => drop(self.subscriptions.insert(s.id, s)),
                Change::Grant(grant) => drop(self.grants.insert(grant.id, grant)),
                Change::Payment(payment) => drop(self.payments.insert(payment.id, payment)),
                Change::Refund(refund) => {
                    self.has_failed |= refund.status == RefundStatus::Failed;
                    self.refunds.insert(refund.id, refund);
                }
                Change::Gift(gift) => drop(self.gifts.insert(gift.id, gift)),
                Change::Method(method) => drop(self.methods.insert(method.id, method)),
                Change::Trial(trial) => self.trials.push(trial),
                Change::Transfer(moved) => {
                    assert!(moved.amount > 0 && moved.debit != moved.credit, "{moved:?}");
                    let amount = i64::try_from(moved.amount).unwrap();
                    *self.balances.entry(moved.debit).or_default() -= amount;
                    *self.balances.entry(moved.credit).or_default() += amount;
                }
                _ => {}
            }
            self.set.apply(change);
        }
        let is_asked = |effect: &Effect| {
            !matches!(effect.task, EffectTask::StopCharge(_) | EffectTask::DetachMethod(_))
        };
        self.asked.extend(effects.into_iter().filter(is_asked));
    }

    fn balance(&self, account: Account) -> i64 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    /// What was paid for and is not earned.
    pub(crate) fn deferred(&self) -> i64 {
        self.balance(Account::Deferred)
    }

    /// Whether something goes on for ever.
    pub(crate) fn renews(&self) -> bool {
        self.subscriptions.values().any(|s| s.state.status().is_live())
    }

    /// The rules that hold at any time.
    pub(crate) fn check(&self) {
        self.check_books();
        for s in self.subscriptions.values() {
            self.check_subscription(s);
        }
        let live = self.subscriptions.values().filter(|s| s.state.status().is_live());
        assert!(live.count() <= 1, "two live ones");
        for payment in self.payments.values() {
            assert!(payment.refunded + payment.refunding <= payment.cash, "{payment:?}");
            assert!(payment.cash + payment.credit <= payment.amount, "{payment:?}");
        }
    }

    fn check_books(&self) {
        let sum =
            |amounts: &mut dyn Iterator<Item = u64>| i64::try_from(amounts.sum::<u64>()).unwrap();
        let open = self.grants.values().filter(|grant| grant.closed_at.is_none());
        let worth = sum(&mut open.map(|grant| grant.value));
        assert_eq!(self.balance(Account::Deferred), worth, "deferred");
        for user in self.users.values() {
            let reserved = self.payments.values().filter(|payment| payment.user == user.id);
            let reserved = reserved.filter(|payment| {
                let status = payment.phase.status();
                matches!(status, PaymentStatus::Processing | PaymentStatus::ActionRequired)
            });
            let reserved = sum(&mut reserved.map(|payment| payment.credit));
            let credit = i64::try_from(user.credit).unwrap();
            assert_eq!(self.balance(Account::Credit(user.id)), credit + reserved, "credit");
        }
        for gift in self.gifts.values() {
            let kept = if gift.state == GiftState::Pending { gift.value } else { 0 };
            assert_eq!(
                self.balance(Account::Gift(gift.id)),
                i64::try_from(kept).unwrap(),
                "{gift:?}"
            );
        }
        let paid = self.payments.values().filter(|p| p.phase.status() == PaymentStatus::Succeeded);
        let back = self.refunds.values().filter(|r| r.status == RefundStatus::Succeeded);
        let cash = sum(&mut paid.map(|p| p.cash)) - sum(&mut back.map(|r| r.amount));
        assert_eq!(-self.balance(Account::Cash), cash, "cash");
        // Nothing that was paid is given out twice. A gift is paid back whole, whatever has become
        // of it, and a provider that changes its mind may pay twice.
        if self.gifts.is_empty() && !self.has_failed {
            let (lost, earned) =
                (-self.balance(Account::RefundLoss), self.balance(Account::Revenue));
            assert!(lost <= earned, "{lost} lost of {earned}");
        }
        let is_late = |id| self.refunds.values().any(|r| r.is_of_late_money && r.payment == id);
        let came = self.payments.values().filter(|p| is_late(p.id));
        let back = self.refunds.values().filter(|r| r.status == RefundStatus::Succeeded);
        let back = back.filter(|r| is_late(r.payment));
        let left = sum(&mut came.map(|p| p.cash)) - sum(&mut back.map(|r| r.amount));
        assert_eq!(self.balance(Account::Unapplied), left, "unapplied");
    }

    fn check_subscription(&self, s: &Subscription) {
        let grants: Vec<_> = self.grants.values().filter(|g| g.subscription == s.id).collect();
        let months: u32 = grants.iter().map(|grant| grant.months).sum();
        // One that is not paid, or never was, has no grants.
        assert!(s.months == months || (grants.is_empty() && !s.has_begun()), "{s:?} {grants:?}");
        let open = || grants.iter().filter(|grant| grant.closed_at.is_none());
        let unearned = open().filter(|grant| grant.value > 0);
        let next = unearned.clone().filter_map(|grant| grant.slice).map(|slice| slice.end).min();
        assert_eq!(s.recognise_at, next, "{s:?} {grants:?}");
        for grant in unearned {
            assert!(grant.payment.is_some() && grant.currency.is_some(), "{grant:?}");
        }
        let in_progress = self.payments.values().filter(|payment| {
            payment.purpose.subscription() == Some(s.id)
                && payment.is_in_progress()
                && self.now < payment.expires_at
                && s.open_payment.is_some_and(|open| open.id == payment.id)
        });
        assert!(in_progress.count() <= 1);
        let status = s.state.status();
        if matches!(status, SubscriptionStatus::Pending | SubscriptionStatus::Scheduled)
            || s.start_date == s.end_date
        {
            return;
        }
        assert_eq!(Some(s.end_date), by_hand::add_months(s.anchor, s.anchor_months), "{s:?}");
        if status.is_live() {
            let slices = grants.iter().filter_map(|grant| grant.slice);
            let mut slices: Vec<_> = slices.filter(|slice| slice.start < slice.end).collect();
            slices.sort_by_key(|slice| slice.start);
            let ends = || slices.iter().map(|slice| slice.end);
            assert_eq!(ends().max().unwrap_or(s.end_date), s.end_date, "{s:?} {grants:?}");
            let starts = slices.iter().skip(1).map(|slice| slice.start);
            assert!(ends().zip(starts).all(|(end, start)| end <= start), "{s:?} {grants:?}");
        }
        if let SubscriptionState::Trialing { .. } = s.state {
            assert!(s.trial_end.is_some_and(|end| end <= s.end_date));
        }
    }
}
