//! What can happen in a shop.

use chrono::TimeDelta;
use domain::{
    AddMethod, Cancel, ChangePlan, ChangeTime, Command, DetachMethod, Extend, GiftId, Give,
    Instant, Pause, PaymentId, PaymentMethodId, Redeem, RefundPayment, Renew, Resume, SetAutoRenew,
    SetDefaultMethod, Subscribe, SubscriptionId, Uncancel,
};
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{Index, select};
use proptest::{option, prop_oneof};
use samples::{ALICE, BOB, email, plan};

const PLANS: [&str; 5] = ["bronze", "gold", "platinum", "gold-year", "monthly"];

#[derive(Debug, Clone)]
pub(crate) enum Act {
    Wait(TimeDelta),
    /// Waits until so long before or after the end of what is live.
    WaitForEnd(TimeDelta),
    /// The provider says something of that which it was asked.
    Answer(Index, Say),
    Subscribe(&'static str, u32, bool, Option<bool>),
    Renew,
    Change(&'static str, ChangeTime),
    Refund(Index, Option<u64>, bool),
    Cancel(bool),
    Uncancel,
    AutoRenew(bool),
    Pause(Option<i64>),
    Resume,
    Extend(u32),
    Give(&'static str),
    Redeem(Index),
    Method,
    Default(Index),
    Detach(Index),
}

/// What a provider says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Say {
    Yes,
    No,
    Never,
    Ask,
    Nothing,
    StillNothing,
}

pub(crate) fn acts() -> impl Strategy<Value = Act> {
    let plans = || select(&PLANS[..]);
    let when = select(vec![ChangeTime::Now, ChangeTime::PeriodEnd, ChangeTime::Auto]);
    let says = prop_oneof![
        8 => Just(Say::Yes),
        2 => Just(Say::No),
        1 => Just(Say::Never),
        2 => Just(Say::Ask),
        1 => Just(Say::Nothing),
        1 => Just(Say::StillNothing),
    ];
    prop_oneof![
        4 => (0..40_i64).prop_map(|days| Act::Wait(TimeDelta::days(days))),
        4 => (0..30_i64).prop_map(|hours| Act::Wait(TimeDelta::hours(hours))),
        2 => (-22..4_i64).prop_map(|hours| Act::WaitForEnd(TimeDelta::hours(hours))),
        16 => (any::<Index>(), says).prop_map(|(index, say)| Act::Answer(index, say)),
        5 => (plans(), 1..4_u32, any::<bool>(), option::of(any::<bool>()))
            .prop_map(|(plan, n, auto, trial)| Act::Subscribe(plan, n, auto, trial)),
        3 => Just(Act::Renew),
        5 => (plans(), when).prop_map(|(plan, when)| Act::Change(plan, when)),
        3 => (any::<Index>(), option::of(1..2_000_u64), any::<bool>())
            .prop_map(|(index, amount, cancel)| Act::Refund(index, amount, cancel)),
        1 => any::<bool>().prop_map(Act::Cancel),
        1 => Just(Act::Uncancel),
        1 => any::<bool>().prop_map(Act::AutoRenew),
        2 => option::of(1..30_i64).prop_map(Act::Pause),
        2 => Just(Act::Resume),
        1 => (1..3_u32).prop_map(Act::Extend),
        2 => plans().prop_map(Act::Give),
        2 => any::<Index>().prop_map(Act::Redeem),
        2 => Just(Act::Method),
        2 => any::<Index>().prop_map(Act::Default),
        1 => any::<Index>().prop_map(Act::Detach),
    ]
}

impl Act {
    /// The command of Alice, or of Bob, who gives her something.
    pub(crate) fn command(
        &self,
        id: SubscriptionId,
        (payments, gifts, methods): (&[PaymentId], &[GiftId], &[PaymentMethodId]),
        now: Instant,
    ) -> Option<Command> {
        let months = |plan: &str, n: u32| if plan == "gold-year" { 12 * n } else { n };
        Some(match self {
            Self::Wait(_) | Self::WaitForEnd(_) | Self::Answer(..) => return None,
            Self::Subscribe(code, n, auto_renew, trial) => Subscribe {
                user_id: Some(ALICE),
                external_id: None,
                plan: plan(code),
                duration_months: Some(months(code, *n)),
                auto_renew: *auto_renew,
                trial: *trial,
            }
            .into(),
            Self::Renew => Renew { subscription_id: id, duration_months: None }.into(),
            Self::Change(code, when) => {
                ChangePlan { subscription_id: id, plan: plan(code), when: *when }.into()
            }
            Self::Refund(index, amount, cancel) => {
                let payment_id = *pick(*index, payments)?;
                RefundPayment { payment_id, amount: *amount, cancel: *cancel }.into()
            }
            Self::Cancel(at_period_end) => {
                Cancel { subscription_id: id, at_period_end: *at_period_end }.into()
            }
            Self::Uncancel => Uncancel { subscription_id: id }.into(),
            Self::AutoRenew(auto_renew) => {
                SetAutoRenew { subscription_id: id, auto_renew: *auto_renew }.into()
            }
            Self::Pause(days) => {
                let resume_at = days.map(|days| now + TimeDelta::days(days));
                Pause { subscription_id: id, resume_at }.into()
            }
            Self::Resume => Resume { subscription_id: id }.into(),
            Self::Extend(months) => {
                let reason = "an outage".to_owned();
                Extend { subscription_id: id, months: *months, reason }.into()
            }
            Self::Give(code) => Give {
                gifter_id: Some(BOB),
                gifter_external_id: None,
                recipient_email: email("alice@example.com"),
                plan: Some(plan(code)),
                duration_months: Some(months(code, 1)),
            }
            .into(),
            Self::Redeem(index) => {
                let gift_id = *pick(*index, gifts)?;
                Redeem { gift_id, user_id: Some(ALICE), external_id: None }.into()
            }
            Self::Default(index) => {
                SetDefaultMethod { payment_method_id: *pick(*index, methods)? }.into()
            }
            Self::Detach(index) => {
                DetachMethod { payment_method_id: *pick(*index, methods)? }.into()
            }
            Self::Method => {
                let token = "sim_ok".to_owned();
                AddMethod { user_id: Some(ALICE), external_id: None, token }.into()
            }
        })
    }
}

pub(crate) fn pick<T>(index: Index, rows: &[T]) -> Option<&T> {
    (!rows.is_empty()).then(|| rows.get(index.index(rows.len()))).flatten()
}
