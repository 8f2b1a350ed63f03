//! `GET /gifts/{id}`

use super::Named;
use crate::app::App;
use crate::auth::Reader;
use crate::reject::Reject;
use crate::respond;
use axum::extract::State;
use axum::response::Response;
use shared::domain::view::GiftView;
use shared::domain::{GiftId, Refusal};
use shared::store::reads;

/// A gift of the caller.
pub async fn get(
    State(app): State<App>,
    Reader(caller): Reader,
    named: Named,
) -> Result<Response, Reject> {
    let not_found = || Reject::from(Refusal::GiftNotFound.problem());
    let id = GiftId(named.id().ok_or_else(not_found)?);
    let found = reads::gift(&app.pool, caller.client, id).await?;
    let (gift, now) = found.ok_or_else(not_found)?;
    Ok(respond::json(&GiftView::at(&gift, now)))
}
