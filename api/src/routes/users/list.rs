//! `GET /users`

use crate::api_error::ApiError;
use crate::extract::{Caller, Reader, invalid_parameter, page_limit, page_start, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::UserView;
use domain::{Email, ExternalId, UserId};
use serde::{Deserialize, Serialize};
use store::reads::{self, PageOfUsers};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only the user whom the client knows by this id.
    #[param(value_type = Option<ExternalId>)]
    external_id: Option<String>,
    /// Only the user who has this email, in whatever case it is written.
    #[param(value_type = Option<Email>)]
    email: Option<String>,
    /// The most users to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The id of the last user of the page before.
    #[param(value_type = Option<i64>)]
    starting_after: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct UserList {
    users: Vec<UserView>,
    has_more: bool,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::InvalidRequest];

/// The users of the caller, newest first.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "list_users",
    tag = "users",
    params(Filter),
    responses((status = 200, description = "A page of users.", body = UserList)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Response, ApiError> {
    let asked = query::<Filter>(&uri)?.parse(&caller)?;
    let page = reads::users(&state.database, &asked).await?;
    let users = page.users.iter().map(UserView::from).collect();
    Ok(respond::json(&UserList { users, has_more: page.has_more }))
}

impl Filter {
    fn parse(self, caller: &Caller) -> Result<PageOfUsers, ApiError> {
        let wrong = |name, error: &dyn ToString| invalid_parameter(name, &error.to_string());
        let external_id = self.external_id.map(|id| ExternalId::parse(&id)).transpose();
        let email = self.email.map(|email| Email::parse(&email)).transpose();
        let start = page_start(self.starting_after.as_deref())?;
        Ok(PageOfUsers {
            client: caller.client,
            external_id: external_id.map_err(|error| wrong("external_id", &error))?,
            email: email.map_err(|error| wrong("email", &error))?,
            before: start.map(UserId::new),
            limit: page_limit(self.limit.as_deref())?,
        })
    }
}
