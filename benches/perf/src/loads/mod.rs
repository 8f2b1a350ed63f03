//! What the drivers send.

mod commands;
mod mixed;
mod reads;
mod users;
mod write;

pub(crate) use commands::{Replay, Subscribe};
pub(crate) use mixed::Mixed;
pub(crate) use reads::{Get, Who};
pub(crate) use users::Users;
