//! Support for the end-to-end tests: a whole stack of real processes, and words to speak to it.
//!
//! [`Stack`] starts a database, a Redis and any number of `api` and `worker` processes that
//! belong to one test alone; [`Client`] speaks HTTP to one of them; [`Answer`] says what came
//! back. The tests themselves live in `tests/it/`, one theme a file. This crate knows nothing of
//! the product's code: it sees what a client or an operator sees.

mod answer;
mod api_keys;
mod builder;
mod client;
mod concurrent;
mod database;
mod invariants;
mod programs;
mod proxy;
mod raw;
mod service;
mod shape;
mod shop;
mod sql;
mod stack;
mod time_travel;

pub use answer::Answer;
pub use api_keys::find_keys;
pub use builder::Builder;
pub use client::{Client, fresh_key};
pub use concurrent::concurrently;
pub use database::Database;
pub use programs::{program, run_to_end};
pub use proxy::Proxy;
pub use raw::raw_request;
pub use service::{Kind, Service};
pub use shape::{
    GIFT_FIELDS, JOB_FIELDS, REDEMPTION_FIELDS, SUBSCRIPTION_FIELDS, USER_FIELDS, ensure_fields,
    ensure_utc, integer_of, text_of,
};
pub use stack::Stack;
pub use support::{Process, RedisServer, Settings, Signal, eventually, eventually_true};
