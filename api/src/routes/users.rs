//! `GET /users/{id}`

use super::path_id;
use crate::app::App;
use crate::config::Scope;
use crate::reject::Reject;
use crate::respond;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use shared::domain::view::UserView;
use shared::domain::{Refusal, UserId};
use shared::store::reads;

/// A user of the caller.
pub async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Reject> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Scope::Read).await?;
    let not_found = || Reject::from(Refusal::UserNotFound.problem());
    let id = UserId(path_id(&id).ok_or_else(not_found)?);
    let user = reads::user(&app.pool, caller.client, id).await?.ok_or_else(not_found)?;
    Ok(respond::json(&UserView::from(&user)))
}
