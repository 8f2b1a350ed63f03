//! The api: validates requests, enforces limits, admits commands into the queue, and answers with
//! their outcome or with a job to poll.
//!
//! Every command takes one path: `submit`. What differs between `/subscribe` and `/gift` is one line
//! in `router` and one file in `routes`.
//!
//! It never writes to the tables of the domain; that is what workers do.

mod api_error;
pub mod cli;
mod coalesce;
mod extract;
#[cfg(test)]
mod fuzz;
mod key_cache;
mod middleware;
mod ops;
mod respond;
mod router;
mod routes;
mod serve;
pub mod settings;
mod state;
mod submit;

pub use router::router;
pub use serve::serve;
pub use state::ApiState;
