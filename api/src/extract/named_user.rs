//! A user whom a request names: by the id that we gave, or by the client's own.

use super::{PathParameter, invalid_parameter, parse_id};
use crate::api_error::ApiError;
use crate::state::ApiState;
use contract::refusal;
use domain::{ClientId, ExternalId, InvalidExternalId, Refusal, User, UserId};
use store::reads::{self, PageOfUsers};

/// How a request names a user.
pub(crate) enum NamedUser {
    /// By the id that we gave.
    ById(UserId),
    /// By the client's own.
    ByExternalId(ExternalId),
}

impl NamedUser {
    /// The user whose id the path has. Text that is no id names nobody.
    pub(crate) fn in_path(parameter: &PathParameter) -> Result<Self, ApiError> {
        parameter.id().map(|id| Self::ById(UserId::new(id))).ok_or_else(not_found)
    }

    /// The user of these parameters of a query; none if both are absent.
    pub(crate) fn of(
        user_id: Option<&str>,
        external_id: Option<&str>,
    ) -> Result<Option<Self>, ApiError> {
        match (user_id, external_id) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err(invalid_parameter("external_id", "cannot be given beside user_id"))
            }
            (Some(text), None) => {
                let wrong = || invalid_parameter("user_id", "must be the id of a user");
                Ok(Some(Self::ById(UserId::new(parse_id(text).ok_or_else(wrong)?))))
            }
            (None, Some(text)) => {
                let wrong =
                    |error: InvalidExternalId| invalid_parameter("external_id", &error.to_string());
                Ok(Some(Self::ByExternalId(ExternalId::parse(text).map_err(wrong)?)))
            }
        }
    }

    /// The user; 404 if the client has no such user.
    pub(crate) async fn find(self, state: &ApiState, client: ClientId) -> Result<User, ApiError> {
        let found = match self {
            Self::ById(id) => reads::user(&state.database, client, id).await?,
            Self::ByExternalId(id) => {
                let external_id = Some(id);
                let named =
                    PageOfUsers { client, external_id, email: None, before: None, limit: 1 };
                reads::users(&state.database, &named).await?.users.pop()
            }
        };
        found.ok_or_else(not_found)
    }
}

/// The client has no such user.
fn not_found() -> ApiError {
    refusal::problem(&Refusal::UserNotFound).into()
}
