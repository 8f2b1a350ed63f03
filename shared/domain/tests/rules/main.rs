//! The pure core, held to what `docs` and the issues say of it: no server, no clock, no waiting.
//!
//! `sample` and `scene` are the rows that the tests are made of; `by_hand` counts months in another
//! way than the core does. Everything else is named after what it tests.

#![expect(
    clippy::unwrap_used,
    reason = "a sample that cannot be made fails its test, as it should"
)]

mod by_hand;
mod sample;
mod scene;

mod calendar;
mod cancel;
mod create_user;
mod defaults;
mod email;
mod fingerprint;
mod give;
mod history;
mod idempotency_key;
mod job_id;
mod needs;
mod no_drift;
mod plan_code;
mod redeem;
mod redeem_refusals;
mod renew;
mod spelling;
mod subscribe;
mod term_limit;
mod working_set;
