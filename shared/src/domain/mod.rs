//! The trade itself: what a command means and what it does to the state of the world.
//!
//! Pure: no I/O, no clock, no randomness, no async. Time and ids are arguments. It must not know
//! how state is stored, how commands travel, or that HTTP exists beyond the status a client sees.
//!
//! Read [`decide::decide`] first: it is the whole of the business in one function.

pub mod calendar;
pub mod command;
pub mod decide;
pub mod email;
pub mod gift;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod outcome;
pub mod plan;
pub mod problem;
pub mod rate_limit;
pub mod refusal;
pub mod subscription;
pub mod user;
pub mod view;
pub mod world;

pub use command::{Command, Operation};
pub use decide::{Decision, decide};
pub use email::Email;
pub use gift::{Gift, GiftStatus};
pub use idempotency::{Fingerprint, IdempotencyKey};
pub use ids::{ClientId, GiftId, JobId, SubscriptionId, UserId};
pub use outcome::{Answer, Success};
pub use plan::{Plan, PlanCode};
pub use problem::Problem;
pub use refusal::Refusal;
pub use subscription::{Grant, GrantSource, Subscription, SubscriptionStatus};
pub use user::User;
pub use world::World;

/// An instant: UTC, whole microseconds, which is what Postgres keeps.
pub type Instant = chrono::DateTime<chrono::Utc>;
