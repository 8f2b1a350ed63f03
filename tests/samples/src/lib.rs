//! People, instants and rows to make tests of. It knows the domain and no server.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a sample that cannot be made fails its test, as it should"
)]

use domain::{
    ClientId, Email, Gift, GiftId, GiftState, Instant, JobId, Subscription, SubscriptionId,
    SubscriptionState, User, UserId,
};
use uuid::Uuid;

/// The client whose commands are tested.
pub const SHOP: ClientId = ClientId::new(100);
/// A user of `SHOP`.
pub const ALICE: UserId = UserId::new(1);
/// Another user of `SHOP`.
pub const BOB: UserId = UserId::new(2);
/// The job that carries the command.
pub const JOB: JobId = JobId::new(Uuid::from_u128(7));

/// The instant of that RFC 3339 text.
#[must_use]
pub fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// When commands are decided, unless a test says otherwise.
#[must_use]
pub fn now() -> Instant {
    at("2026-06-15T12:00:00.123456Z")
}

/// The address of that text.
#[must_use]
pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// A user.
#[must_use]
pub fn user(id: UserId, client: ClientId, address: &str) -> User {
    User { id, client, email: email(address), created_at: at("2026-01-01T00:00:00Z") }
}

/// A monthly subscription of Alice from `start` to `end`, as a purchase leaves it.
#[must_use]
pub fn subscription(id: i64, months: u32, start: &str, end: &str) -> Subscription {
    Subscription {
        id: SubscriptionId::new(id),
        user: ALICE,
        client: SHOP,
        plan: "monthly".to_owned(),
        state: SubscriptionState::Active,
        months,
        start_date: at(start),
        end_date: at(end),
        created_at: at(start),
        updated_at: at(start),
    }
}

/// A gift of three months from Bob to Alice, which can be redeemed until 1 July.
#[must_use]
pub fn gift(id: i64) -> Gift {
    Gift {
        id: GiftId::new(id),
        gifter: BOB,
        client: SHOP,
        recipient_email: email("alice@EXAMPLE.com"),
        state: GiftState::Pending,
        months: 3,
        expires_at: at("2026-07-01T00:00:00Z"),
        created_at: at("2026-06-01T00:00:00Z"),
    }
}
