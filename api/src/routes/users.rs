//! `GET /users/{id}`

use super::Named;
use crate::app::App;
use crate::auth::Reader;
use crate::reject::Reject;
use crate::respond;
use axum::extract::State;
use axum::response::Response;
use shared::domain::view::UserView;
use shared::domain::{Refusal, UserId};
use shared::store::reads;

/// A user of the caller.
pub async fn get(
    State(app): State<App>,
    Reader(caller): Reader,
    named: Named,
) -> Result<Response, Reject> {
    let not_found = || Reject::from(Refusal::UserNotFound.problem());
    let id = UserId(named.id().ok_or_else(not_found)?);
    let user = reads::user(&app.pool, caller.client, id).await?.ok_or_else(not_found)?;
    Ok(respond::json(&UserView::from(&user)))
}
