//! Support for the tests of the whole: a stack of real processes, and words to speak to it.
//!
//! [`Stack`] starts a database, a Redis and any number of `api` and `worker` processes that
//! belong to one test alone; [`Client`] speaks HTTP to one of them; [`Answer`] says what came
//! back. This crate knows nothing of the product's code: it sees what a client or an operator sees.
//!
//! The tests themselves are in two programs, one theme a file:
//! - `tests/it/` has what needs processes of its own: they start, are killed, and lose Redis.
//! - `tests/router/` has the rest, which is most. It asks the api's router in process, beside
//!   workers that are tasks, so that a test takes a fraction of a second.

mod answer;
mod api_keys;
mod builder;
mod client;
mod concurrent;
mod instants;
mod invariants;
mod programs;
mod raw;
mod service;
mod shape;
mod shop;
mod stack;
pub mod stripe;
mod with_database;

pub use answer::Answer;
pub use api_keys::find_keys;
pub use builder::{Builder, open_api};
pub use client::{Client, Transport, fresh_key};
pub use concurrent::concurrently;
pub use instants::Instants;
pub use invariants::check_invariants;
pub use programs::{program, run_to_end};
pub use raw::raw_request;
pub use service::{Kind, Service};
pub use shape::{ensure_fields, ensure_utc, integer_of, text_of};
pub use stack::Stack;
pub use support::{Process, Proxy, RedisServer, Settings, Signal, eventually, eventually_true};
pub use with_database::WithDatabase;
