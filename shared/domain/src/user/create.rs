//! `create_user`: makes a user.

use crate::decide::{Decider, Rules, Ruling};
use crate::{Change, ClientId, Email, Entity, Needs, NewIds, Refusal, Success, User, UserId};
use serde::{Deserialize, Serialize};

/// Makes a user. An email belongs to one user of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The email of the new user.
    pub email: Email,
}

impl Rules for CreateUser {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.emails.insert((client, self.email.key()));
        needs.new_ids.users += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.working_set.user_by_email(decider.context.client, &self.email)?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        if working_set.user_by_email(context.client, &self.email).is_some() {
            return Err(Refusal::EmailTaken);
        }
        let (id, email) = (new_ids.user(), self.email.clone());
        let user = User { id, client: context.client, email, created_at: context.now };
        Ok((vec![Change::User(user.clone())], Success::Created(Entity::User(user))))
    }
}
