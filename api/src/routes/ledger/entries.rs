//! `GET /ledger/entries`

use crate::api_error::ApiError;
use crate::extract::{Administrator, page_limit, place, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::{LedgerEntries, LedgerEntry};
use domain::ClientId;
use serde::Deserialize;
use std::time::Duration;
use store::reads::{self, LedgerPage};
use store::{Database, StoreError};
use tokio::time::sleep;
use utoipa::IntoParams;

/// The longest time for which older transactions of the server are waited for, which take some
/// milliseconds; and the first pause between two looks.
const OLDER_WAIT_MAX: Duration = Duration::from_millis(500);
const OLDER_PAUSE_MIN: Duration = Duration::from_millis(8);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// The id of the last line that is known; from the first one on when absent.
    #[param(value_type = Option<i64>)]
    after: Option<String>,
    /// The most lines to show; 100 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::InvalidRequest];

/// The lines of the ledger of the caller, in the order in which they were written.
///
/// Needs the scope `admin`. Each transfer of money has two lines. Who asks for what comes `after`
/// the last line that he knows misses none. Lines never change.
#[utoipa::path(
    get,
    path = "/ledger/entries",
    operation_id = "list_ledger_entries",
    tag = "ledger",
    params(Page),
    responses((status = 200, description = "A page of lines.", body = LedgerEntries)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Administrator(caller): Administrator,
    uri: Uri,
) -> Result<Response, ApiError> {
    let Page { after, limit } = query(&uri)?;
    let limit = page_limit(limit.as_deref())?;
    let after = place("after", after.as_deref())?;
    // A page may begin and end in the middle of a transfer.
    let (from, most) = (after.map(LedgerEntry::transfer_of), limit / 2 + 2);
    let page = settled_page(&state.database, (caller.client, from, most)).await?;
    let lines = page.transfers.iter().flat_map(|(number, transfer)| {
        let lines = LedgerEntry::both(*number, transfer);
        let known = after.filter(|_| from == Some(*number));
        lines.into_iter().filter(move |line| known.is_none_or(|known| known < line.id()))
    });
    let mut lines: Vec<_> = lines.collect();
    let has_more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    Ok(respond::json(&LedgerEntries::page(lines, has_more)))
}

/// A page with what was written when it was asked for, if the transactions are over soon that could
/// still write before that: who has an answer finds in the ledger what it did.
async fn settled_page(
    database: &Database,
    (client, from, most): (ClientId, Option<i64>, u32),
) -> Result<LedgerPage, StoreError> {
    let look = || reads::ledger_transfers(database, client, from, most);
    let (mut page, mut waited, mut pause) = (look().await?, Duration::ZERO, OLDER_PAUSE_MIN);
    let Some(asked_for) = page.held_back else { return Ok(page) };
    // What was written since may have filled the page before it.
    let is_whole = |LedgerPage { transfers, .. }: &LedgerPage| {
        transfers.len() >= most as usize || transfers.iter().any(|(id, _)| *id == asked_for)
    };
    while !is_whole(&page) && waited < OLDER_WAIT_MAX {
        sleep(pause).await;
        (waited, pause) = (waited + pause, pause * 2);
        page = look().await?;
    }
    Ok(page)
}
