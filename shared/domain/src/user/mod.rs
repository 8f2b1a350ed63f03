//! Users.

mod create;
mod state;

pub use state::User;
