//! How a command names a user: by the id that we gave, or by the client's own.

use crate::decide::Decider;
use crate::{ClientId, ExternalId, Needs, User, UserId};

/// The pairs of members that name a user. A command that knows both of a pair has exactly one.
pub const USER_MEMBERS: [[&str; 2]; 2] =
    [["user_id", "external_id"], ["gifter_id", "gifter_external_id"]];

/// The two members of a command that name a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserRef<'a> {
    pub(crate) id: Option<UserId>,
    pub(crate) external_id: Option<&'a ExternalId>,
}

impl UserRef<'_> {
    /// Whether exactly one of the two is there.
    pub(crate) const fn is_one(self) -> bool {
        self.id.is_some() != self.external_id.is_some()
    }

    /// Adds the user, in the way in which it is named.
    pub(crate) fn needs(self, client: ClientId, needs: &mut Needs) {
        needs.users.extend(self.id.map(|id| (client, id)));
        needs.external_ids.extend(self.external_id.map(|id| (client, id.clone())));
    }
}

impl<'a> Decider<'a> {
    /// The user of that name, if the client has one.
    pub(crate) fn user(&self, user: UserRef<'_>) -> Option<&'a User> {
        let (client, working_set) = (self.context.client, self.working_set);
        match (user.id, user.external_id) {
            (Some(id), _) => working_set.user(client, id),
            (None, Some(id)) => working_set.user_by_external_id(client, id),
            (None, None) => None,
        }
    }
}
