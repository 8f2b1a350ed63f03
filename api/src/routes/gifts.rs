//! `GET /gifts/{id}`

use super::path_id;
use crate::app::App;
use crate::config::Scope;
use crate::reject::Reject;
use crate::respond;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use shared::domain::view::GiftView;
use shared::domain::{GiftId, Refusal};
use shared::store::reads;

/// A gift of the caller.
pub async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Reject> {
    let (parts, _) = request.into_parts();
    let caller = app.authenticate(&parts, Scope::Read).await?;
    let not_found = || Reject::from(Refusal::GiftNotFound.problem());
    let id = GiftId(path_id(&id).ok_or_else(not_found)?);
    let found = reads::gift(&app.pool, caller.client, id).await?;
    let (gift, now) = found.ok_or_else(not_found)?;
    Ok(respond::json(&GiftView::at(&gift, now)))
}
