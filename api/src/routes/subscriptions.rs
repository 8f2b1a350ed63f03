//! `GET /subscriptions/{user_id}`

use super::{Named, invalid_parameter, parse_id, query};
use crate::app::App;
use crate::auth::Reader;
use crate::reject::Reject;
use crate::respond;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use shared::domain::view::SubscriptionView;
use shared::domain::{Refusal, SubscriptionId, UserId};
use shared::store::reads::PageOf;

/// The most that one page holds, and what it holds unless asked otherwise.
const LIMIT_MAX: u32 = 100;

#[derive(Deserialize)]
struct Page {
    limit: Option<String>,
    starting_after: Option<String>,
}

#[derive(Serialize)]
struct List {
    user_id: i64,
    subscriptions: Vec<SubscriptionView>,
    has_more: bool,
}

/// The subscriptions of a user of the caller, newest first.
pub async fn list(
    State(app): State<App>,
    Reader(caller): Reader,
    named: Named,
    uri: Uri,
) -> Result<Response, Reject> {
    let (limit, before) = query::<Page>(&uri)?.parse()?;
    let not_found = || Reject::from(Refusal::UserNotFound.problem());
    let user = UserId(named.id().ok_or_else(not_found)?);
    let asked = PageOf { client: caller.client, user, before, limit };
    let page = app.pages.call(asked).await?.ok_or_else(not_found)?;
    let view = |subscription| SubscriptionView::at(subscription, page.now);
    Ok(respond::json(&List {
        user_id: user.0,
        subscriptions: page.subscriptions.iter().map(view).collect(),
        has_more: page.has_more,
    }))
}

impl Page {
    fn parse(self) -> Result<(u32, Option<SubscriptionId>), Reject> {
        let limit = match self.limit {
            None => LIMIT_MAX,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| invalid_parameter("limit", "must be an integer from 1 to 100"))?,
        };
        let before = match self.starting_after {
            None => None,
            Some(text) => Some(SubscriptionId(parse_id(&text).ok_or_else(|| {
                invalid_parameter("starting_after", "must be the id of a subscription")
            })?)),
        };
        Ok((limit, before))
    }
}
