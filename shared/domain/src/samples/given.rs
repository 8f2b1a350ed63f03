//! Given: what a command can find.

use super::{ALICE, BOB, EVE, RIVAL, SHOP, at, built_in_plans, gift, subscription, user};
use crate::{Change, Gift, GiftId, GiftState, Subscription, SubscriptionId, WorkingSet};

/// The id of the subscription that there is.
pub const HELD: SubscriptionId = SubscriptionId::new(10);
/// The id of the gift that there is.
pub const SENT: GiftId = GiftId::new(20);
/// The instant at which a gift past its expiry expired.
pub const GIFT_EXPIRY: &str = "2026-06-10T00:00:00Z";

/// Which subscription there is: Alice's, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// There is none.
    Nothing,
    /// It runs until the end of July.
    Running,
    /// It is past its end, but is not marked.
    Ended,
    /// It was cancelled, though it was paid until July.
    Cancelled,
    /// It is past its end and marked.
    Expired,
    /// It runs, and belongs to another client.
    OtherClients,
    /// It runs, and belongs to Bob.
    OtherUsers,
}

impl Holding {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Running,
        Self::Ended,
        Self::Cancelled,
        Self::Expired,
        Self::OtherClients,
        Self::OtherUsers,
    ];
}

/// That subscription. For `Nothing` it is one that the working set does not have.
#[must_use]
pub fn held(holding: Holding) -> Subscription {
    let running = subscription(HELD.get(), 2, "2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
    let over = subscription(HELD.get(), 1, "2026-04-30T08:00:00Z", "2026-05-30T08:00:00Z");
    match holding {
        Holding::Nothing | Holding::Running => running,
        Holding::Ended => over,
        Holding::Cancelled => running.cancelled(at("2026-06-10T00:00:00Z")),
        Holding::Expired => over.expired(at("2026-05-30T08:01:00Z")),
        Holding::OtherClients => Subscription { user: EVE, client: RIVAL, ..running },
        Holding::OtherUsers => Subscription { user: BOB, ..running },
    }
}

/// Which gift there is: from Bob to Alice, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// There is none.
    Nothing,
    /// It can be redeemed until 1 July.
    Pending,
    /// It is past its expiry, but is not marked.
    Missed,
    /// It was redeemed, and could be still.
    Redeemed,
    /// It was redeemed in time, and that time is over.
    RedeemedLongAgo,
    /// It is past its expiry and marked.
    Expired,
    /// It can be redeemed, and belongs to another client.
    OtherClients,
}

impl Sent {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Pending,
        Self::Missed,
        Self::Redeemed,
        Self::RedeemedLongAgo,
        Self::Expired,
        Self::OtherClients,
    ];
}

/// That gift. For `Nothing` it is one that the working set does not have.
#[must_use]
pub fn sent(sent: Sent) -> Gift {
    let pending = gift(SENT.get());
    let missed = Gift { expires_at: at(GIFT_EXPIRY), ..pending.clone() };
    let redeemed = GiftState::Redeemed { recipient: ALICE, at: at("2026-06-05T00:00:00Z") };
    match sent {
        Sent::Nothing | Sent::Pending => pending,
        Sent::Missed => missed,
        Sent::Redeemed => Gift { state: redeemed, ..pending },
        Sent::RedeemedLongAgo => Gift { state: redeemed, ..missed },
        Sent::Expired => Gift { state: GiftState::Expired, ..missed },
        Sent::OtherClients => Gift { gifter: EVE, client: RIVAL, ..pending },
    }
}

/// A working set of Alice, Bob, Eve, the built-in plans and `rows`.
#[must_use]
pub fn working_set(rows: impl IntoIterator<Item = Change>) -> WorkingSet {
    let people = [
        Change::User(user(ALICE, SHOP, "Alice@example.com")),
        Change::User(user(BOB, SHOP, "bob@example.com")),
        Change::User(user(EVE, RIVAL, "alice@example.com")),
    ];
    let plans = [SHOP, RIVAL].into_iter().flat_map(built_in_plans).map(Change::Plan);
    let mut working_set = WorkingSet::default();
    people.into_iter().chain(plans).chain(rows).for_each(|row| working_set.apply(row));
    working_set
}

/// A working set with that subscription, and `rows`.
#[must_use]
pub fn holding(holding: Holding, rows: impl IntoIterator<Item = Change>) -> WorkingSet {
    let held = (holding != Holding::Nothing).then(|| Change::Subscription(held(holding)));
    working_set(held.into_iter().chain(rows))
}

/// A working set with that gift, and `rows`.
#[must_use]
pub fn sending(sending: Sent, rows: impl IntoIterator<Item = Change>) -> WorkingSet {
    let sent = (sending != Sent::Nothing).then(|| Change::Gift(sent(sending)));
    working_set(sent.into_iter().chain(rows))
}
