//! `create_user`: makes a user.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    Change, ClientId, Email, Entity, ExternalId, Metadata, Needs, NewIds, Refusal, Success, User,
    UserId, UserRef,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes a user. An email belongs to one user of a client, and so does an external id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The email of the new user.
    pub email: Email,
    /// The id by which the client knows the user. It can be used wherever a user is named, and
    /// never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub external_id: Option<ExternalId>,
    /// What the client notes about the user.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

impl CreateUser {
    /// The user who has the external id, and the one who has the email.
    fn holders<'a>(&self, decider: &Decider<'a>) -> [Option<&'a User>; 2] {
        let by_email = decider.working_set.user_by_email(decider.context.client, &self.email);
        [decider.user(self.external()), by_email]
    }

    const fn external(&self) -> UserRef<'_> {
        UserRef { id: None, external_id: self.external_id.as_ref() }
    }
}

impl Rules for CreateUser {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.emails.insert((client, self.email.key()));
        self.external().needs(client, needs);
        needs.new_ids.users += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        let [by_external_id, by_email] = self.holders(decider);
        Some(by_external_id.or(by_email)?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let (id, context) = (new_ids.user(), decider.context);
        match self.holders(decider) {
            [Some(User { id: user, .. }), _] => {
                return Err(Refusal::ExternalIdTaken { user: *user });
            }
            [None, Some(_)] => return Err(Refusal::EmailTaken),
            [None, None] => {}
        }
        let user = User {
            currency: None,
            credit: 0,
            default_method: None,
            id,
            client: context.client,
            email: self.email.clone(),
            external_id: self.external_id.clone(),
            metadata: self.metadata.clone(),
            created_at: context.now,
        };
        Ok((vec![Change::User(user.clone())], Success::Created(Entity::User(user))))
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{Change, CreateUser, Decision, Entity, Refusal, User, UserId};

    fn made(address: &str) -> Decision {
        let id = UserId::new(NEW);
        let user = User { created_at: now(), ..user(id, SHOP, address) };
        created(id, Entity::User(user.clone()), vec![Change::User(user)])
    }

    #[test]
    fn a_new_email_makes_a_user_and_is_kept_as_it_was_written() {
        let found = decided(&working_set([]), create_user("  Carol@Example.COM "));
        assert_eq!(found, made("Carol@Example.COM"));
    }

    #[test]
    fn an_email_is_taken_in_whatever_case_it_is_written() {
        for address in
            ["Alice@example.com", "alice@example.com", "ALICE@EXAMPLE.COM", " alice@Example.com"]
        {
            let found = decided(&working_set([]), create_user(address));
            assert_eq!(found, refused(ALICE, Refusal::EmailTaken));
        }
    }

    #[test]
    fn dots_and_plus_signs_make_another_email() {
        for address in ["al.ice@example.com", "alice+1@example.com", "alice@mail.example.com"] {
            assert_eq!(decided(&working_set([]), create_user(address)), made(address));
        }
    }

    #[test]
    fn the_same_email_at_another_client_does_not_matter() {
        let rival = Change::User(user(UserId::new(4), RIVAL, "dave@x.org"));
        assert_eq!(decided(&working_set([rival]), create_user("dave@x.org")), made("dave@x.org"));
    }

    /// Alice, as her shop knows her.
    fn known_alice() -> Change {
        let external_id = Some(external_id("alice"));
        Change::User(User { external_id, ..user(ALICE, SHOP, "Alice@example.com") })
    }

    fn create_known(address: &str, id: &str) -> CreateUser {
        CreateUser { external_id: Some(external_id(id)), ..create_user(address) }
    }

    #[test]
    fn what_the_client_says_about_a_user_is_kept() {
        let (external_id, metadata) = (Some(external_id("c-1")), metadata([("tier", "gold")]));
        let command = CreateUser { external_id, metadata, ..create_user("carol@example.com") };
        let CreateUser { email, external_id, metadata } = command.clone();
        let id = UserId::new(NEW);
        let made = User {
            id,
            email,
            external_id,
            metadata,
            created_at: now(),
            ..user(id, SHOP, "x@y.org")
        };
        let expected = created(id, Entity::User(made.clone()), vec![Change::User(made)]);
        assert_eq!(decided(&working_set([]), command), expected);
    }

    /// A client that makes a user again by another key learns whom it has made.
    #[test]
    fn a_taken_external_id_is_refused_with_its_holder_whatever_the_email() {
        for address in ["new@example.com", "alice@example.com", "bob@example.com"] {
            let found = decided(&working_set([known_alice()]), create_known(address, "alice"));
            assert_eq!(found, refused(ALICE, Refusal::ExternalIdTaken { user: ALICE }));
        }
        let found = decided(&working_set([known_alice()]), create_known("bob@example.com", "b"));
        assert_eq!(found, refused(BOB, Refusal::EmailTaken));
    }

    #[test]
    fn an_external_id_is_compared_by_case_and_belongs_to_one_client() {
        let (rival, dave) = (UserId::new(4), external_id("dave"));
        let rival = User { external_id: Some(dave), ..user(rival, RIVAL, "dave@x.org") };
        let rows = working_set([known_alice(), Change::User(rival)]);
        for id in ["Alice", "alic", "dave"] {
            assert!(
                decided(&rows, create_known("new@x.org", id)).outcome.success().is_some(),
                "{id}"
            );
        }
    }
}
