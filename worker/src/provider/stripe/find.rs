//! Finds what was made, by listing. Stripe's search would know it a while later only.

use super::api::{Api, Failed};
use super::read::{Intent, Page, Refund};
use domain::Instant;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The pages that are looked through for one thing.
const PAGES_MAX: usize = 20;
/// The items of a page, which are the most that Stripe gives.
const PAGE: &str = "100";

/// What we have written to it.
type Metadata = [(&'static str, String); 2];

/// The intent of a payment, if one of that customer was not made before that instant. Where nobody
/// knows the customer any more, or does not list by customers, all intents are looked through.
pub(super) async fn intent(
    api: &Api,
    customer: &str,
    metadata: &Metadata,
    since: Option<Instant>,
) -> Result<Option<Intent>, Failed> {
    let is_it = |intent: &Intent| has(&intent.metadata, metadata);
    let is_over = |last: &Intent| since.is_some_and(|since| last.created < since.timestamp());
    let of = Some(("customer", customer.to_owned()));
    match first(api, "payment_intents", of, is_it, is_over).await {
        Err(Failed::Refused(_)) => first(api, "payment_intents", None, is_it, is_over).await,
        found => found,
    }
}

/// The intent of a payment of one of those customers.
pub(super) async fn intent_of(
    api: &Api,
    customers: &[String],
    metadata: &Metadata,
) -> Result<Option<Intent>, Failed> {
    for customer in customers {
        if let Some(found) = intent(api, customer, metadata, None).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The refund of that intent.
pub(super) async fn refund(
    api: &Api,
    intent: &str,
    metadata: &Metadata,
) -> Result<Option<Refund>, Failed> {
    let of = Some(("payment_intent", intent.to_owned()));
    first(api, "refunds", of, |refund: &Refund| has(&refund.metadata, metadata), |_| false).await
}

fn has(found: &HashMap<String, String>, wanted: &Metadata) -> bool {
    wanted.iter().all(|(name, value)| found.get(*name) == Some(value))
}

/// Something with an id.
trait Named {
    fn id(&self) -> &str;
}

impl Named for Intent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The first of a list that is it, from the newest on until `is_over`.
async fn first<T: DeserializeOwned + Named>(
    api: &Api,
    list: &str,
    of: Option<(&str, String)>,
    is_it: impl Fn(&T) -> bool,
    is_over: impl Fn(&T) -> bool,
) -> Result<Option<T>, Failed> {
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let mut query: Vec<_> = of.clone().into_iter().collect();
        query.push(("limit", PAGE.to_owned()));
        query.extend(after.map(|id| ("starting_after", id)));
        let Page { data, has_more } = api.list::<T>(list, &query).await?;
        let next = data.last().filter(|last| has_more && !is_over(last));
        after = next.map(|last| last.id().to_owned());
        if let Some(found) = data.into_iter().find(|item| is_it(item)) {
            return Ok(Some(found));
        }
        if after.is_none() {
            return Ok(None);
        }
    }
    Err(Failed::Unknown("the list is too long".to_owned()))
}
