//! Users as clients see them.

use super::timestamp;
use domain::{ExternalId, Metadata, User, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    id: UserId,
    email: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required)]
    external_id: Option<ExternalId>,
    metadata: Metadata,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            email: user.email.as_str().to_owned(),
            created_at: timestamp(user.created_at),
            external_id: user.external_id.clone(),
            metadata: user.metadata.clone(),
        }
    }
}
