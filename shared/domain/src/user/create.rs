//! `create_user`: makes a user.

use crate::decide::{Decider, Rules, Ruling};
use crate::{Change, ClientId, Email, Entity, Needs, NewIds, Refusal, Success, User, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes a user. An email belongs to one user of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
        let id = new_ids.user();
        if working_set.user_by_email(context.client, &self.email).is_some() {
            return Err(Refusal::EmailTaken);
        }
        let email = self.email.clone();
        let user = User { id, client: context.client, email, created_at: context.now };
        Ok((vec![Change::User(user.clone())], Success::Created(Entity::User(user))))
    }
}

#[cfg(test)]
mod tests {
    use super::CreateUser;
    use crate::samples::*;
    use crate::{Change, Decision, Entity, Refusal, User, UserId};

    fn create(address: &str) -> CreateUser {
        CreateUser { email: email(address) }
    }

    fn made(address: &str) -> Decision {
        let id = UserId::new(NEW);
        let user = User { id, client: SHOP, email: email(address), created_at: now() };
        created(id, Entity::User(user.clone()), vec![Change::User(user)])
    }

    #[test]
    fn a_new_email_makes_a_user_and_is_kept_as_it_was_written() {
        let found = decided(&working_set([]), create("  Carol@Example.COM "));
        assert_eq!(found, made("Carol@Example.COM"));
    }

    #[test]
    fn an_email_is_taken_in_whatever_case_it_is_written() {
        for address in
            ["Alice@example.com", "alice@example.com", "ALICE@EXAMPLE.COM", " alice@Example.com"]
        {
            let found = decided(&working_set([]), create(address));
            assert_eq!(found, refused(ALICE, Refusal::EmailTaken));
        }
    }

    #[test]
    fn dots_and_plus_signs_make_another_email() {
        for address in ["al.ice@example.com", "alice+1@example.com", "alice@mail.example.com"] {
            assert_eq!(decided(&working_set([]), create(address)), made(address));
        }
    }

    #[test]
    fn the_same_email_at_another_client_does_not_matter() {
        let rival = Change::User(user(UserId::new(4), RIVAL, "dave@x.org"));
        assert_eq!(decided(&working_set([rival]), create("dave@x.org")), made("dave@x.org"));
    }
}
