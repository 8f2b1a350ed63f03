//! `create_user`: makes a user.

use crate::decide::{Decider, Ruling};
use crate::{Change, Email, Refusal, Success, User, UserId};

impl Decider<'_> {
    /// Decides a `create_user`. An email belongs to one user of a client.
    pub(crate) fn create_user(&self, id: UserId, email: &Email) -> Ruling {
        let Self { context, working_set } = *self;
        if working_set.user_by_email(context.client, email).is_some() {
            return Err(Refusal::EmailTaken);
        }
        let (client, email) = (context.client, email.clone());
        let user = User { id, client, email, created_at: context.now };
        Ok((vec![Change::User(user.clone())], Success::UserCreated(user)))
    }
}
