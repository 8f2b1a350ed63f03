//! Test 3: fifty requests of every kind, side by side.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Allowance, RunId, Subscriber, measure};
use crate::client::{Call, Client, PREFER_OUTCOME, Submission};
use crate::outcome::{Outcome, Sample};

const TITLE: &str = "3 mixed";
const REQUESTS: usize = 50;

/// What request number `index` is. There are ten of each; of the ten submissions one is new and
/// nine are retries, for more tokens would not fit the default limit beside the other tests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Health,
    Subscriptions,
    Gift,
    Job,
    NewGift,
    RetriedGift,
}

impl Kind {
    fn of(index: usize) -> Self {
        match index % 5 {
            0 => Self::Health,
            1 => Self::Subscriptions,
            2 => Self::Gift,
            3 => Self::Job,
            _ if index < 5 => Self::NewGift,
            _ => Self::RetriedGift,
        }
    }
}

/// A finished gift, and the job that made it.
struct Gift {
    key: String,
    body: Value,
    path: String,
    job_path: String,
}

/// The outcome, and what the rate limit leaves to the next test.
pub(super) async fn run(
    client: &Client,
    run_id: &RunId,
    width: usize,
    subscriber: &Subscriber,
) -> anyhow::Result<(Outcome, Allowance)> {
    client.progress().start(TITLE, REQUESTS);
    let gift = give(client, run_id, subscriber).await?;
    let new_key = run_id.key("new-gift");
    let subscriptions = format!("/subscriptions/{}", subscriber.id);
    let requests = (0..REQUESTS).map(async |index| match Kind::of(index) {
        Kind::Health => client.get("/health").await,
        Kind::Subscriptions => client.get(&subscriptions).await,
        Kind::Gift => client.get(&gift.path).await,
        Kind::Job => client.get(&gift.job_path).await,
        Kind::NewGift => submit(client, &new_key, &gift.body, PREFER_OUTCOME).await,
        Kind::RetriedGift => submit(client, &gift.key, &gift.body, PREFER_OUTCOME).await,
    });
    let measured = measure(client, width, requests).await;

    let mut outcome = measured.outcome(TITLE, |index, call| sample(Kind::of(index), call));
    outcome.expect_successes(
        REQUESTS,
        "answered as they should: 10 each of health, subscriptions, gift, job, and submissions \
         (1 new, 9 retries)",
    );
    // A retry is free, and says what is left.
    let retry = submit(client, &gift.key, &gift.body, PREFER_OUTCOME).await;
    Ok((outcome, Allowance::of(retry.require(201)?)))
}

fn sample(kind: Kind, call: &Call) -> Sample {
    match kind {
        Kind::Health | Kind::Subscriptions | Kind::Gift | Kind::Job => Sample::of(call, 200),
        Kind::NewGift => Sample::of(call, 201),
        Kind::RetriedGift => {
            let is_replay = call.result.as_ref().is_ok_and(|answer| answer.is_replay);
            Sample::of(call, 201).and(is_replay, "a retry lacks Idempotent-Replayed: true")
        }
    }
}

/// Gives a gift without waiting for it, so that the api names the job, and follows the job.
async fn give(client: &Client, run_id: &RunId, gifter: &Subscriber) -> anyhow::Result<Gift> {
    let recipient = run_id.email("recipient");
    let body =
        json!({ "gifter_id": gifter.id, "recipient_email": recipient, "duration_months": 1 });
    let key = run_id.key("gift");
    let accepted = submit(client, &key, &body, "respond-async").await;
    let location = accepted.require(202)?.location.clone().unwrap_or_default();
    ensure!(location.starts_with("/jobs/"), "POST /gift answered 202 without a Location of a job");

    let job = client.get(&format!("{location}?wait=10")).await.require(200)?.json();
    let id = job.pointer("/result/id").and_then(Value::as_i64);
    let id = id.with_context(|| format!("the gift was not made; is a worker running? {job}"))?;
    Ok(Gift { key, body, path: format!("/gifts/{id}"), job_path: location })
}

async fn submit(client: &Client, key: &str, body: &Value, prefer: &str) -> Call {
    client.submit(&Submission { path: "/gift", key, body, prefer }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_requests_are_ten_of_each_kind_and_one_new_submission() {
        let count = |kind| (0..REQUESTS).filter(|index| Kind::of(*index) == kind).count();
        for kind in [Kind::Health, Kind::Subscriptions, Kind::Gift, Kind::Job] {
            assert_eq!(count(kind), 10);
        }
        assert_eq!((count(Kind::NewGift), count(Kind::RetriedGift)), (1, 9));
    }
}
