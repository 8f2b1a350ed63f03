//! `update_user`: changes the email or the metadata of a user.

use crate::decide::{Decider, Rules, Ruling};
use crate::read_if::read_if;
use crate::{
    Change, ClientId, Email, Entity, Metadata, Needs, NewIds, Refusal, Success, User, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Changes a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// The user to change.
    pub user_id: UserId,
    /// What it gets.
    pub changes: UserChanges,
}

/// What a user gets. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct UserChanges {
    /// The new email. Gifts that were sent to the old one stay there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Email)]
    pub email: Option<Email>,
    /// The new metadata, which takes the place of all that was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Metadata)]
    pub metadata: Option<Metadata>,
}

read_if!(
    UserChanges,
    |changes| changes.email.is_some() || changes.metadata.is_some(),
    "must change something"
);

impl Rules for UpdateUser {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.users.insert((client, self.user_id));
        needs.emails.extend(self.changes.email.as_ref().map(|email| (client, email.key())));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.working_set.user(decider.context.client, self.user_id)?.id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        let user = working_set.user(context.client, self.user_id).ok_or(Refusal::UserNotFound)?;
        let UserChanges { email, metadata } = self.changes.clone();
        let holder = email.as_ref().and_then(|email| working_set.user_by_email(user.client, email));
        if holder.is_some_and(|holder| holder.id != user.id) {
            return Err(Refusal::EmailTaken);
        }
        let updated = User {
            email: email.unwrap_or_else(|| user.email.clone()),
            metadata: metadata.unwrap_or_else(|| user.metadata.clone()),
            ..user.clone()
        };
        let changes = vec![Change::ChangedUser(updated.clone())];
        Ok((changes, Success::Changed(Entity::User(updated))))
    }
}

#[cfg(test)]
mod tests {
    use super::{UpdateUser, UserChanges};
    use crate::samples::*;
    use crate::{Change, Decision, Entity, Metadata, Refusal, User, UserId, WorkingSet};

    fn alice() -> User {
        let metadata = metadata([("tier", "gold"), ("since", "2019")]);
        let external_id = Some(external_id("alice"));
        User { external_id, metadata, ..user(ALICE, SHOP, "Alice@example.com") }
    }

    fn rows() -> WorkingSet {
        working_set([Change::User(alice())])
    }

    fn move_to(user_id: UserId, address: &str) -> UpdateUser {
        let changes = UserChanges { email: Some(email(address)), metadata: None };
        UpdateUser { user_id, changes }
    }

    fn note(metadata: Metadata) -> UpdateUser {
        let changes = UserChanges { email: None, metadata: Some(metadata) };
        UpdateUser { user_id: ALICE, changes }
    }

    fn updated(user: User) -> Decision {
        changed(user.id, Entity::User(user.clone()), vec![Change::ChangedUser(user)])
    }

    #[test]
    fn what_is_given_is_replaced_and_the_rest_stays() {
        let email = email("Alice@New.example");
        let moved = updated(User { email: email.clone(), ..alice() });
        assert_eq!(decided(&rows(), move_to(ALICE, " Alice@New.example ")), moved);

        for metadata in [metadata([("since", "2020"), ("note", "")]), Metadata::default()] {
            let noted = updated(User { metadata: metadata.clone(), ..alice() });
            assert_eq!(decided(&rows(), note(metadata.clone())), noted);

            let changes =
                UserChanges { email: Some(email.clone()), metadata: Some(metadata.clone()) };
            let both = updated(User { email: email.clone(), metadata, ..alice() });
            assert_eq!(decided(&rows(), UpdateUser { user_id: ALICE, changes }), both);
        }
    }

    #[test]
    fn an_email_of_another_user_is_taken_and_ones_own_can_be_written_anew() {
        for address in ["bob@example.com", " BOB@example.com"] {
            let found = decided(&rows(), move_to(ALICE, address));
            assert_eq!(found, refused(ALICE, Refusal::EmailTaken));
        }
        for address in ["Alice@example.com", "ALICE@EXAMPLE.COM"] {
            let again = updated(User { email: email(address), ..alice() });
            assert_eq!(decided(&rows(), move_to(ALICE, address)), again);
        }
    }

    #[test]
    fn no_user_of_another_client_can_be_changed() {
        for stranger in [NOBODY, EVE] {
            for address in ["new@example.com", "bob@example.com"] {
                let found = decided(&rows(), move_to(stranger, address));
                assert_eq!(found, refused(None, Refusal::UserNotFound));
            }
        }
    }

    /// Both are decided in one batch.
    #[test]
    fn an_email_that_is_given_up_is_free_for_the_next_command() {
        let mut rows = rows();
        for change in decided(&rows, move_to(ALICE, "new@example.com")).changes {
            rows.apply(change);
        }
        let taken = refused(ALICE, Refusal::EmailTaken);
        assert_eq!(decided(&rows, create_user("new@example.com")), taken);
        let carol = decided(&rows, create_user("alice@example.com"));
        assert!(carol.outcome.success().is_some(), "{carol:?}");
        for change in carol.changes {
            rows.apply(change);
        }
        let found = decided(&rows, move_to(ALICE, "alice@example.com"));
        assert_eq!(found, refused(ALICE, Refusal::EmailTaken));
    }

    #[test]
    fn an_update_that_says_nothing_is_not_read() {
        let read = |changes: &str| serde_json::from_str::<UserChanges>(changes);
        assert!(read("{}").is_err());
        assert!(read(r#"{"email":null}"#).is_err());
        assert!(read(r#"{"metadata":{}}"#).is_ok());
    }
}
