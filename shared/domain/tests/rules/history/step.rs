//! What can happen in a history.

use super::books::Books;
use chrono::{Months, TimeDelta};
use domain::{
    Cancel, ClientId, Command, CreateUser, Extend, GiftId, Give, Instant, Pause, Redeem, Renew,
    Resume, RetirePlan, SetAutoRenew, Subscribe, SubscriptionId, Uncancel, UpdateUser, UserChanges,
    UserId,
};
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{Index, select};
use proptest::{option, prop_oneof};
use samples::{
    RIVAL, SHOP, at, create_user, email, external_id, give, metadata, plan, redeem, subscribe,
};

const ADDRESSES: [&str; 5] = ["a@x.org", "A@X.org", "b@x.org", "C@x.org", "d@y.org"];
const PLANS: [&str; 7] = ["monthly", "monthly", "monthly", "yearly", "bronze", "silver", "gold"];
/// Mostly of the two tiers that there are.
const GIVEN: [&str; 7] = ["monthly", "yearly", "bronze", "bronze", "bronze", "silver", "gold"];
const EXTERNAL_IDS: [&str; 3] = ["x", "X", "y"];
/// An id that nobody has.
const UNKNOWN: i64 = 1_000_000;
/// Takes the place of the user until it is named.
const ANYBODY: UserId = UserId::new(UNKNOWN);

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) wait: Wait,
    /// Whether a client asks for what is another's.
    astray: bool,
    action: Action,
}

/// How much time passes.
#[derive(Debug, Clone)]
pub(crate) enum Wait {
    For(TimeDelta),
    Months(u32),
    /// To the instant at which a subscription or a gift runs out.
    UntilAnEnd,
}

/// What is done, to which of the rows that there are.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    CreateUser {
        client: ClientId,
        address: &'static str,
        external: Option<&'static str>,
    },
    UpdateUser {
        user: Index,
        address: &'static str,
    },
    Subscribe {
        user: Index,
        plan: &'static str,
        months: Option<u32>,
        auto_renew: bool,
    },
    Change {
        subscription: Index,
        how: How,
    },
    Give {
        gifter: Index,
        address: &'static str,
        plan: Option<&'static str>,
        months: Option<u32>,
    },
    /// By its recipient, or by any user.
    Redeem {
        gift: Index,
        by: Option<Index>,
    },
    /// Of `SHOP`: the other client goes on selling it.
    Retire {
        plan: &'static str,
    },
    Sweep,
}

/// What is done to a subscription.
#[derive(Debug, Clone)]
pub(crate) enum How {
    Renew(Option<u32>),
    Cancel {
        at_period_end: bool,
    },
    Uncancel,
    AutoRenew(bool),
    /// For so many days, of which there can be too many or too few.
    Pause(Option<i64>),
    Resume,
    Extend(u32),
}

/// Steps of histories in which subscriptions may be renewed by themselves, or not.
pub(crate) fn steps(auto_renew: bool) -> impl Strategy<Value = Step> {
    let astray = prop_oneof![9 => Just(false), 1 => Just(true)];
    let step = (waits(), astray, actions(auto_renew));
    step.prop_map(|(wait, astray, action)| Step { wait, astray, action })
}

fn waits() -> impl Strategy<Value = Wait> {
    prop_oneof![
        60 => (0..3_i64).prop_map(|us| Wait::For(TimeDelta::microseconds(us))),
        20 => (0..40_i64).prop_map(|days| Wait::For(TimeDelta::days(days))),
        10 => (0..18_u32).prop_map(Wait::Months),
        10 => Just(Wait::UntilAnEnd),
        2 => (12..600_u32).prop_map(Wait::Months),
        1 => (12_000..96_000_u32).prop_map(Wait::Months),
    ]
}

fn changes(auto_renew: bool) -> impl Strategy<Value = How> {
    prop_oneof![
        4 => months().prop_map(How::Renew),
        1 => Just(How::Cancel { at_period_end: false }),
        1 => Just(How::Cancel { at_period_end: true }),
        1 => Just(How::Uncancel),
        1 => any::<bool>().prop_map(move |on| How::AutoRenew(on && auto_renew)),
        2 => option::of(-1..370_i64).prop_map(How::Pause),
        1 => Just(How::Resume),
        1 => (1..=12_u32).prop_map(How::Extend),
    ]
}

fn months() -> impl Strategy<Value = Option<u32>> {
    option::weighted(0.8, prop_oneof![1..=12_u32, Just(12_u32), 1..=120_u32])
}

fn actions(auto_renew: bool) -> impl Strategy<Value = Action> {
    let users =
        (select(vec![SHOP, RIVAL]), select(&ADDRESSES[..]), option::of(select(&EXTERNAL_IDS[..])));
    let create = |(client, address, external)| Action::CreateUser { client, address, external };
    prop_oneof![
        2 => users.prop_map(create),
        1 => (any::<Index>(), select(&ADDRESSES[..]))
            .prop_map(|(user, address)| Action::UpdateUser { user, address }),
        4 => (any::<Index>(), select(&PLANS[..]), months(), any::<bool>()).prop_map(
            move |(user, plan, months, on)| {
                Action::Subscribe { user, plan, months, auto_renew: on && auto_renew }
            }
        ),
        8 => (any::<Index>(), changes(auto_renew))
            .prop_map(|(subscription, how)| Action::Change { subscription, how }),
        5 => (any::<Index>(), select(&ADDRESSES[..]), option::of(select(&GIVEN[..])), months())
            .prop_map(|(gifter, address, plan, months)| {
                Action::Give { gifter, address, plan, months }
            }),
        6 => (any::<Index>(), option::weighted(0.2, any::<Index>()))
            .prop_map(|(gift, by)| Action::Redeem { gift, by }),
        1 => select(vec!["bronze", "gold"]).prop_map(|plan| Action::Retire { plan }),
        1 => Just(Action::Sweep),
    ]
}

impl Wait {
    /// No later than what leaves a gift its time before the year 10000.
    pub(crate) fn after(&self, now: Instant, books: &Books) -> Instant {
        let then = match self {
            Self::For(time) => now + *time,
            Self::Months(months) => now + Months::new(*months),
            Self::UntilAnEnd => books.next_end(now).unwrap_or(now),
        };
        then.min(at("9999-11-01T00:00:00Z")).max(now)
    }
}

impl Step {
    /// The command, and whose it is. `None` for a sweep.
    pub(crate) fn command(&self, books: &Books, now: Instant) -> Option<(ClientId, Command)> {
        let (owner, command): (_, Command) = match &self.action {
            Action::Sweep => return None,
            Action::CreateUser { client, address, external } => {
                let external_id = external.map(external_id);
                (Some(*client), CreateUser { external_id, ..create_user(address) }.into())
            }
            Action::UpdateUser { user, address } => {
                let (client, id) = books.any_user(*user).unzip();
                let metadata = Some(metadata([("moved to", address)]));
                let changes = UserChanges { email: Some(email(address)), metadata };
                (client, UpdateUser { user_id: known(id, UserId::new), changes }.into())
            }
            Action::Subscribe { user, plan, months, auto_renew } => {
                let (client, id) = books.any_user(*user).unzip();
                let (user_id, external_id) = books.name(known(id, UserId::new));
                let (command, auto_renew) = (subscribe(ANYBODY, plan, *months), *auto_renew);
                (client, Subscribe { user_id, external_id, auto_renew, ..command }.into())
            }
            Action::Change { subscription, how } => {
                let (client, id) = books.any_subscription(*subscription).unzip();
                (client, how.command(known(id, SubscriptionId::new), now))
            }
            Action::Give { gifter, address, plan: given, months } => {
                let (client, id) = books.any_user(*gifter).unzip();
                let (gifter_id, gifter_external_id) = books.name(known(id, UserId::new));
                let (command, plan) = (give(ANYBODY, address, *months), given.map(plan));
                (client, Give { gifter_id, gifter_external_id, plan, ..command }.into())
            }
            Action::Retire { plan: code } => (Some(SHOP), RetirePlan { code: plan(code) }.into()),
            Action::Redeem { gift, by } => {
                let gift = books.any_gift(*gift);
                let by = by.map(|by| books.any_user(by).map(|(_, id)| id));
                let user_id = by.unwrap_or_else(|| books.recipient(gift?.1));
                let (user_id, external_id) = books.name(known(user_id, UserId::new));
                let (client, id) = gift.unzip();
                let command = redeem(known(id, GiftId::new), ANYBODY);
                (client, Redeem { user_id, external_id, ..command }.into())
            }
        };
        let owner = owner.unwrap_or(SHOP);
        let other = if owner == SHOP { RIVAL } else { SHOP };
        Some((if self.astray { other } else { owner }, command))
    }
}

impl How {
    fn command(&self, subscription_id: SubscriptionId, now: Instant) -> Command {
        match *self {
            Self::Renew(duration_months) => Renew { subscription_id, duration_months }.into(),
            Self::Cancel { at_period_end } => Cancel { subscription_id, at_period_end }.into(),
            Self::Uncancel => Uncancel { subscription_id }.into(),
            Self::AutoRenew(auto_renew) => SetAutoRenew { subscription_id, auto_renew }.into(),
            Self::Pause(days) => {
                let resume_at = days.map(|days| now + TimeDelta::days(days));
                Pause { subscription_id, resume_at }.into()
            }
            Self::Resume => Resume { subscription_id }.into(),
            Self::Extend(months) => {
                Extend { subscription_id, months, reason: "an outage".to_owned() }.into()
            }
        }
    }
}

/// That id, or one that nobody has.
fn known<Id>(id: Option<Id>, new: fn(i64) -> Id) -> Id {
    id.unwrap_or_else(|| new(UNKNOWN))
}
