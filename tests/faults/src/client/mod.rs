//! The clients: their commands, how they send them, and what they do when an outcome is unknown.

pub mod ask;
pub mod bank;
pub mod clock;
pub mod commands;
mod events;
pub mod life;
pub mod settle;

pub use ask::Apis;
pub use commands::Shop;
