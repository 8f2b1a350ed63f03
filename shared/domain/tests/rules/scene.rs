//! Every state in which a command can find a subscription, and what may come of it.

use crate::sample::{EVE, NEW, RIVAL, grant, working_set};
use domain::{
    Change, GrantSource, Instant, Subscription, SubscriptionId, SubscriptionState, UserId,
    WorkingSet,
};
use samples::{BOB, SHOP, at, now, subscription as sample};

/// Which subscription there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    Nothing,
    Running,
    /// Past its end, but no sweep has come by.
    Ended,
    /// By Alice, though it was paid until July.
    Cancelled,
    Expired,
    OtherClients,
    OtherUsers,
}

impl Holding {
    pub(crate) const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Running,
        Self::Ended,
        Self::Cancelled,
        Self::Expired,
        Self::OtherClients,
        Self::OtherUsers,
    ];
}

/// The id of that subscription.
pub(crate) const HELD: SubscriptionId = SubscriptionId::new(10);

/// That subscription. For `Nothing` it is one that the working set does not know.
pub(crate) fn held(holding: Holding) -> Subscription {
    let running = sample(HELD.get(), 2, "2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
    let over = sample(HELD.get(), 1, "2026-04-30T08:00:00Z", "2026-05-30T08:00:00Z");
    match holding {
        Holding::Nothing | Holding::Running => running,
        Holding::Ended => over,
        Holding::Cancelled => {
            let cancelled_at = at("2026-06-10T00:00:00Z");
            Subscription {
                state: SubscriptionState::Cancelled { at: cancelled_at },
                updated_at: cancelled_at,
                ..running
            }
        }
        Holding::Expired => Subscription {
            state: SubscriptionState::Expired,
            updated_at: at("2026-05-30T08:01:00Z"),
            ..over
        },
        Holding::OtherClients => Subscription { user: EVE, client: RIVAL, ..running },
        Holding::OtherUsers => Subscription { user: BOB, ..running },
    }
}

pub(crate) fn scene(holding: Holding, rows: impl IntoIterator<Item = Change>) -> WorkingSet {
    let held = (holding != Holding::Nothing).then(|| Change::Subscription(held(holding)));
    working_set(held.into_iter().chain(rows))
}

/// A subscription that began now.
pub(crate) fn begun(user: UserId, plan: &str, months: u32, end: &str) -> Subscription {
    Subscription {
        id: SubscriptionId::new(NEW),
        user,
        client: SHOP,
        plan: plan.to_owned(),
        state: SubscriptionState::Active,
        months,
        start_date: now(),
        end_date: at(end),
        created_at: now(),
        updated_at: now(),
    }
}

/// The rows of a subscription that began now, where there was `holding`: one that ended is marked
/// first, and all others are left alone.
pub(crate) fn begun_rows(begun: &Subscription, source: GrantSource, was: Holding) -> Vec<Change> {
    let ended = (was == Holding::Ended).then(|| {
        Change::Subscription(Subscription {
            state: SubscriptionState::Expired,
            updated_at: now(),
            ..held(was)
        })
    });
    let granted = Change::Grant(grant(NEW, source, begun.months));
    ended.into_iter().chain([Change::Subscription(begun.clone()), granted]).collect()
}

/// `held` with more months.
pub(crate) fn extended(held: &Subscription, months: u32, end: Instant) -> Subscription {
    Subscription { months, end_date: end, updated_at: now(), ..held.clone() }
}
