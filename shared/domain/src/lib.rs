//! The business rules: what a command means and what it does to users, subscriptions and gifts.
//!
//! This crate is pure: no I/O, no clock, no randomness, no async. Time and new ids are arguments.
//! It must not depend on how state is stored, how commands travel, or how an answer is written
//! (`contract`).
//!
//! [`decide`] is the entry point. It dispatches to one file for each command, such as
//! `subscription/renew.rs`.

mod accepted_job;
mod bounded;
pub mod calendar;
mod change;
mod clock;
mod command;
mod decide;
mod effect;
mod email;
mod gift;
mod idempotency;
mod ids;
mod job;
mod job_key;
mod job_keys;
mod ledger;
mod needs;
mod payment;
mod plan;
mod preview;
mod rate_limit;
mod read_if;
mod refusal;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod schema;
mod subscription;
mod test_clock;
mod user;
mod working_set;

pub use accepted_job::AcceptedJob;
pub use change::{Change, Changes, UsedTrial};
pub use clock::*;
pub use command::{Command, InternalCommand, Operation, ProviderNews, Turn};
pub use decide::{Context, Decision, Entity, Outcome, Settles, Success, decide, decide_internal};
pub use effect::{
    Charge, ChargeProgress, DetachedMethod, Effect, EffectId, EffectTask, Leap, PayBack,
    SetUpMethod, StopCharge,
};
pub use email::{Email, InvalidEmail};
pub use gift::*;
pub use idempotency::{
    Fingerprint, IdempotencyKey, InvalidIdempotencyKey, internal_job_id, job_id,
};
pub use ids::{
    ClientId, GiftId, GrantId, JobId, PaymentId, PaymentMethodId, PlanId, RefundId, SubscriptionId,
    UserId,
};
pub use job::{Answer, Answered, JobStatus, LogEntry, Origin};
pub use job_key::{JobKey, Signature, SignedContent};
pub use job_keys::{JobKeyState, JobKeys, Untrusted};
pub use ledger::{Account, Transfer};
pub use needs::{DrawnIds, Needs, NewIdCounts, NewIds};
pub use payment::*;
pub use plan::*;
pub use preview::{ChargePreview, Preview, preview};
pub use rate_limit::{InvalidRateLimit, RateLimit};
pub use refusal::Refusal;
pub use subscription::*;
pub use test_clock::{Advance, InvalidTestTime, Moment, TestClock};
pub use user::*;
pub use working_set::{PLANS_SHOWN_MAX, WorkingSet};

/// An instant in UTC, in whole microseconds, which is what Postgres stores.
pub type Instant = chrono::DateTime<chrono::Utc>;
