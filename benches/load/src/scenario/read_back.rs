//! Reads back what the writes of test 4 left behind: an answer alone proves no effect.

use serde_json::Value;

use super::measure;
use crate::client::{Call, Client};
use crate::outcome::{Check, Outcome, distinct};

const TITLE: &str = "4 read back";

/// A page, and the status that it must show: of the gift, or of the user's only subscription.
pub(super) struct Page {
    pub(super) path: String,
    pub(super) shows: &'static str,
}

impl Page {
    fn fault(&self, call: &Call) -> Option<String> {
        match call.require(200) {
            Ok(answer) => {
                let seen = status_of(&answer.json());
                (seen != self.shows)
                    .then(|| format!("{} shows {seen:?} instead of {:?}", self.path, self.shows))
            }
            Err(error) => Some(error.to_string()),
        }
    }
}

/// Adds what was seen to the `outcome`. The reads are not measured.
pub(super) async fn read_back(
    client: &Client,
    width: usize,
    pages: &[Page],
    outcome: &mut Outcome,
) {
    client.progress().start(TITLE, pages.len());
    let reads = measure(client, width, pages.iter().map(|page| client.get(&page.path))).await;
    let faults: Vec<String> =
        pages.iter().zip(&reads.calls).filter_map(|(page, call)| page.fault(call)).collect();
    let right = pages.len() - faults.len();
    outcome.checks.push(Check {
        // Nothing to read means that nothing was made.
        holds: right == pages.len() && !pages.is_empty(),
        text: format!(
            "{right} of {} subscriptions and gifts read back as the commands left them",
            pages.len()
        ),
        faults: distinct(faults.iter().map(String::as_str)),
    });
}

/// The status of a gift; of a list of subscriptions, the statuses of all of them.
fn status_of(body: &Value) -> String {
    let one =
        |value: &Value| value.get("status").and_then(Value::as_str).unwrap_or("none").to_owned();
    match body.get("subscriptions").and_then(Value::as_array) {
        Some(all) => all.iter().map(one).collect::<Vec<_>>().join(", "),
        None => one(body),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn second_subscription_of_a_user_does_not_go_unseen() {
        assert_eq!(status_of(&json!({ "status": "redeemed" })), "redeemed");
        let subscriptions = |all: &[&str]| {
            let all: Vec<Value> = all.iter().map(|one| json!({ "status": one })).collect();
            status_of(&json!({ "subscriptions": all }))
        };
        assert_eq!(subscriptions(&["active"]), "active");
        assert_eq!(subscriptions(&["active", "active"]), "active, active");
        assert_eq!(subscriptions(&[]), "");
    }
}
