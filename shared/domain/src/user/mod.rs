//! Users.

mod create;
mod external_id;
mod metadata;
mod reference;
mod state;
mod update;

pub use create::CreateUser;
pub use external_id::{ExternalId, InvalidExternalId};
pub use metadata::{InvalidMetadata, Metadata};
pub use reference::USER_MEMBERS;
pub(crate) use reference::UserRef;
pub use state::User;
pub use update::{UpdateUser, UserChanges};
