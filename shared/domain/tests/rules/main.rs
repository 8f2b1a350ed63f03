//! The pure core, held to what `docs` and the issues say of it: no server, no clock, no waiting.
//!
//! The tests of a command are in the file of the command. Here is what concerns all of them, and
//! the values that they are made of. `by_hand` counts months in another way than the core does.
//! Everything else is named after what it tests.

#![expect(
    clippy::unwrap_used,
    reason = "a sample that cannot be made fails its test, as it should"
)]

mod by_hand;

mod calendar;
mod decision;
mod email;
mod fingerprint;
mod history;
mod idempotency_key;
mod job_id;
mod job_keys;
mod metadata;
mod money;
mod named_users;
mod needs;
mod no_drift;
mod plan_code;
mod plan_revision;
mod proration;
mod scheduled;
mod spelling;
mod term_limit;
mod working_set;
