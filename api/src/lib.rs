//! The api: validates requests, enforces limits, admits commands into the queue, and answers with
//! their outcome or with a job to poll.
//!
//! Every command takes one path: [`submit`]. What differs between `/subscribe` and `/gift` is one
//! line in [`app`] and one function in [`requests`].
//!
//! It never writes to the tables of the domain; that is what workers do.

pub mod api_key;
pub mod app;
pub mod auth;
pub mod body;
pub mod calls;
pub mod client_address;
pub mod conclusion;
pub mod config;
pub mod gather;
pub mod job_view;
pub mod keys;
pub mod observe;
pub mod prefer;
pub mod reject;
pub mod requests;
pub mod respond;
pub mod routes;
pub mod serve;
pub mod submit;
