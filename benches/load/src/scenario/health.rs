//! Test 1: a hundred reads of the health page.

use super::measure;
use crate::client::Client;
use crate::outcome::{Outcome, Sample};

const TITLE: &str = "1 health";
const REQUESTS: usize = 100;

pub(super) async fn run(client: &Client, width: usize) -> Outcome {
    client.progress().start(TITLE, REQUESTS);
    let measured = measure(client, width, (0..REQUESTS).map(|_| client.get("/health"))).await;
    let mut outcome = measured.outcome(TITLE, |_, call| Sample::of(call, 200));
    outcome.expect_successes(REQUESTS, "answered 200: the api, Postgres and Redis are well");
    outcome
}
