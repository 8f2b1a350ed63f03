//! Users.

mod create;
mod state;

pub use create::CreateUser;
pub use state::User;
