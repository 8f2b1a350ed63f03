//! The api: validates requests, enforces limits, admits commands into the queue, and answers with
//! their outcome or with a job to poll.
//!
//! All commands share one path through the code: `submit`. Only one file in `routes`, and
//! a line in the `mod.rs` of its noun, differ between `/subscribe` and `/gift`.
//!
//! The api never writes to the tables of the domain. Only workers do. It notes the jobs whose 202
//! it sends (`acceptances`).

mod acceptances;
mod api_error;
pub mod cli;
mod coalesce;
mod extract;
mod failed_authentications;
#[cfg(test)]
mod fuzz;
mod key_cache;
mod key_uses;
mod middleware;
mod openapi;
mod ops;
mod respond;
mod router;
mod routes;
mod scope;
mod serve;
pub mod settings;
mod state;
mod submit;
mod unnoted;
mod webhook_signature;

pub use router::router;
pub use scope::Scope;
pub use serve::serve;
pub use state::ApiState;
