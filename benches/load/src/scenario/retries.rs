//! Test 2: twenty concurrent submissions with one key are one command.

use anyhow::ensure;
use serde_json::{Value, json};

use super::{RunId, Subscriber, measure};
use crate::client::{Answer, Call, Client, PREFER_OUTCOME, Submission};
use crate::outcome::{Outcome, Sample};

const TITLE: &str = "2 retries";
const REQUESTS: usize = 20;

pub(super) async fn run(client: &Client, run_id: &RunId) -> anyhow::Result<(Outcome, Subscriber)> {
    client.progress().start(TITLE, REQUESTS);
    let subscriber = make_subscriber(client, run_id).await?;

    let body = json!({ "user_id": subscriber.id, "plan": "monthly", "duration_months": 1 });
    let key = run_id.key("retries");
    let submission =
        Submission { path: "/subscribe", key: &key, body: &body, prefer: PREFER_OUTCOME };
    let requests = (0..REQUESTS).map(|_| client.submit(&submission));
    let measured = measure(client, REQUESTS, requests).await;

    let mut outcome = measured.outcome(TITLE, |_, call| Sample::of(call, 201));
    outcome.expect_successes(REQUESTS, "concurrent submissions of one key answered 201");
    expect_one_answer(&mut outcome, &measured.calls);
    let page = client.get(&format!("/subscriptions/{}", subscriber.id)).await;
    let page = page.require(200)?.json();
    let made = page.get("subscriptions").and_then(Value::as_array).map_or(0, Vec::len);
    outcome.expect(made == 1, format!("one effect: the user has {made} subscription(s)"));
    Ok((outcome, subscriber))
}

/// Makes the user, and sees to it that the rate limit has a token for the one new command: then
/// a refusal among the twenty means that a retry was charged for.
async fn make_subscriber(client: &Client, run_id: &RunId) -> anyhow::Result<Subscriber> {
    let body = json!({ "email": run_id.email("subscriber") });
    let key = run_id.key("subscriber");
    let submission = Submission { path: "/users", key: &key, body: &body, prefer: PREFER_OUTCOME };
    let call = client.submit(&submission).await;
    let id = call.require_id(201)?;
    let answer = call.require(201)?;
    if answer.limit_remaining == Some(0) {
        let seconds = answer.limit_reset_seconds.unwrap_or(1);
        ensure!(
            client.wait_for_limit(seconds).await,
            "no time left to wait {seconds} s for the rate limit"
        );
    }
    Ok(Subscriber { id })
}

fn expect_one_answer(outcome: &mut Outcome, calls: &[Call]) {
    let answers: Vec<&Answer> = calls.iter().filter_map(|call| call.result.as_ref().ok()).collect();
    let first = answers.first().map(|answer| (answer.status, &answer.body));
    let equal = answers.iter().filter(|one| Some((one.status, &one.body)) == first).count();
    outcome.expect(
        equal == REQUESTS,
        format!("{equal} of {REQUESTS} have the same status and body bytes"),
    );

    let replays = answers.iter().filter(|answer| answer.is_replay).count();
    outcome.expect(
        replays == REQUESTS - 1,
        format!("all but one say Idempotent-Replayed: true; {replays} of {REQUESTS} do"),
    );

    let limited = calls.iter().filter(|call| call.was_limited).count();
    outcome.expect(
        limited == 0,
        format!("retries are free: the rate limit turned away {limited} of {REQUESTS}"),
    );
}
