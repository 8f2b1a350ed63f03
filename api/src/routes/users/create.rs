//! `POST /users`

use crate::extract::Fields;
use domain::{Command, CreateUser, Email};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    Some(Command::from(CreateUser { email: fields.text("email", Email::parse)? }))
}
