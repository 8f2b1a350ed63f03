//! When and then: how a command is decided, and what is expected of it.

use super::{JOB, SHOP, grant, held, now};
use crate::samples::Holding;
use crate::{
    Change, Command, Context, Decision, DrawnIds, Entity, Gift, GrantSource, Instant,
    InternalCommand, NewIds, Outcome, Refusal, Slice, Subscription, SubscriptionId,
    SubscriptionState, Success, UserId, WorkingSet, decide, decide_internal,
};
use chrono::TimeDelta;

/// The id of whatever a command makes.
pub const NEW: i64 = 1000;
/// The time for which a new gift can be redeemed.
pub const GIFT_TTL: TimeDelta = TimeDelta::days(30);

/// The context of a command of `SHOP` at `now`.
#[must_use]
pub const fn context(now: Instant) -> Context {
    Context { now, client: SHOP, job: JOB, gift_ttl: GIFT_TTL, provider: None }
}

/// The decision on a command of `SHOP` at `now()`.
#[must_use]
pub fn decided(working_set: &WorkingSet, command: impl Into<Command>) -> Decision {
    decided_at(working_set, command, now())
}

/// The decision on a command of `SHOP` at `now`.
#[must_use]
pub fn decided_at(working_set: &WorkingSet, command: impl Into<Command>, now: Instant) -> Decision {
    decided_in(working_set, command, &context(now))
}

/// The decision on a command in that context.
#[must_use]
pub fn decided_in(
    working_set: &WorkingSet,
    command: impl Into<Command>,
    context: &Context,
) -> Decision {
    decide(working_set, context, &command.into(), &mut new_ids())
}

/// The decision on an internal command for `SHOP` at `now`.
#[must_use]
pub fn due_at(
    working_set: &WorkingSet,
    command: impl Into<InternalCommand>,
    now: Instant,
) -> Option<Decision> {
    decide_internal(working_set, &context(now), &command.into(), &mut new_ids())
}

/// Ids for whatever a command makes.
#[must_use]
pub fn new_ids() -> NewIds {
    let ids = || (NEW..NEW + 8).collect();
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

/// A decision that made `entity`, and concerns `user`.
#[must_use]
pub const fn created(user: UserId, entity: Entity, changes: Vec<Change>) -> Decision {
    done(Some(user), Ok(Success::Created(entity)), changes)
}

/// A decision that changed `entity`, and concerns `user`.
#[must_use]
pub const fn changed(user: UserId, entity: Entity, changes: Vec<Change>) -> Decision {
    done(Some(user), Ok(Success::Changed(entity)), changes)
}

/// A decision with that result, which concerns `user`.
#[must_use]
pub const fn done(
    user: Option<UserId>,
    result: Result<Success, Refusal>,
    changes: Vec<Change>,
) -> Decision {
    let outcome = Outcome::Done(result);
    Decision { changes, effects: Vec::new(), user, outcome, settles: None }
}

/// A refusal. It changes nothing, and concerns `user`.
#[must_use]
pub fn refused(user: impl Into<Option<UserId>>, refusal: Refusal) -> Decision {
    done(user.into(), Err(refusal), Vec::new())
}

/// A subscription that began now.
#[must_use]
pub fn begun(user: UserId, plan: &str, months: u32, end_date: Instant) -> Subscription {
    Subscription {
        id: SubscriptionId::new(NEW),
        user,
        plan: plan.to_owned(),
        months,
        start_date: now(),
        anchor: now(),
        anchor_months: months,
        end_date,
        created_at: now(),
        updated_at: now(),
        ..held(Holding::Running)
    }
}

/// The changes that start that subscription where there was `before`: one that has ended is marked
/// first, and all others are left alone.
#[must_use]
pub fn begin(begun: &Subscription, source: GrantSource, before: Holding) -> Vec<Change> {
    let ended = Subscription {
        state: SubscriptionState::Expired,
        updated_at: now(),
        ..held(Holding::Ended)
    };
    let marked = (before == Holding::Ended).then_some(Change::Subscription(ended));
    let slice = Slice { start: begun.start_date, end: begun.end_date };
    let granted = Change::Grant(grant(begun.id, source, begun.months, slice));
    marked.into_iter().chain([Change::Subscription(begun.clone()), granted]).collect()
}

/// `held` with more months in all.
#[must_use]
pub fn extended(held: &Subscription, months: u32, end_date: Instant) -> Subscription {
    Subscription { months, anchor_months: months, end_date, updated_at: now(), ..held.clone() }
}

/// The subscription that was made or changed.
#[must_use]
#[expect(clippy::panic, reason = "a test that expects a subscription fails without one")]
pub fn subscription_of(decision: &Decision) -> &Subscription {
    match decision.outcome.success().map(Success::entity) {
        Some(Entity::Subscription(subscription) | Entity::Redemption { subscription, .. }) => {
            subscription
        }
        other => panic!("no subscription: {other:?}"),
    }
}

/// The gift that was made or changed.
#[must_use]
#[expect(clippy::panic, reason = "a test that expects a gift fails without one")]
pub fn gift_of(decision: &Decision) -> &Gift {
    match decision.outcome.success().map(Success::entity) {
        Some(Entity::Gift(gift) | Entity::Redemption { gift, .. }) => gift,
        other => panic!("no gift: {other:?}"),
    }
}
