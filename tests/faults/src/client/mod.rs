//! The clients: what they want, how they ask for it, and what they do when they are not sure.

pub mod ask;
pub mod commands;
pub mod life;
pub mod settle;

pub use ask::Apis;
pub use commands::Shop;
