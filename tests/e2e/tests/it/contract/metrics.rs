//! What operators read over HTTP: the metrics of both programs, and the page of the worker.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use e2e::{Answer, Client, eventually};
use reqwest::{Method, header::HeaderValue};

use super::{conversation::Conversation, quiet};

const SOON: Duration = Duration::from_secs(30);

/// A page of metrics without its values: the comments, and the names and labels of the samples.
/// Which come first is left to chance, so they are sorted.
fn shape(page: &str) -> String {
    let lines = page.lines().filter(|line| !line.is_empty());
    let shapes: BTreeSet<String> = lines.map(|line| format!("{}\n", sample(line))).collect();
    shapes.into_iter().collect()
}

fn sample(line: &str) -> String {
    if line.starts_with('#') {
        return line.to_owned();
    }
    let Some((name, rest)) = line.split_once('{') else {
        return line.split(' ').next().unwrap_or_default().to_owned();
    };
    let labels = rest.split("\",").filter_map(|label| label.split('=').next());
    format!("{name}{{{}}}", labels.collect::<Vec<_>>().join(","))
}

/// The metrics of a program once they have all of these names: some are counted a moment after the
/// answer, at the end of the first sweep, or at the first look at the effects.
async fn metrics(client: &Client, names: &[&str]) -> Result<Answer> {
    eventually("all is counted", SOON, async || {
        let answer = client.get("/metrics").await?;
        let text = answer.text();
        Ok(names.iter().all(|name| text.contains(name)).then_some(answer))
    })
    .await
}

/// Writes down what an answer of `GET /metrics` looks like. Its length is that of its values.
pub(super) fn write_shape(talk: &mut Conversation, mut answer: Answer) {
    answer.headers.insert("content-length", HeaderValue::from_static("[length]"));
    answer.body = shape(&answer.text()).into_bytes();
    talk.heard("> GET /metrics\n", &answer);
}

#[tokio::test]
async fn what_both_programs_tell() -> Result<()> {
    let mut stack = quiet().start().await?;
    let (api, worker) = (stack.client()?, stack.worker(0)?.client()?);
    let mut talk = Conversation::with(api.clone());
    for (path, body) in [
        ("/users", r#"{"email":"ada@example.com"}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"ada@example.com"}"#),
    ] {
        talk.prepare(path, body).await?;
    }
    talk.post("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#).await?;
    talk.get("/nope").await?;
    let api = metrics(&api, &["commerce_submissions_total"]).await?;
    write_shape(&mut talk, api);

    talk.remark("the worker");
    let told = [
        "commerce_outcomes_total",
        "commerce_sweep_lag_seconds",
        "commerce_due_failing",
        "commerce_effects_failing",
    ];
    let metrics = metrics(&worker, &told).await?;
    write_shape(&mut talk, metrics);
    talk.speaker(worker);
    for path in ["/health", "/nope"] {
        talk.get(path).await?;
    }
    talk.send(talk.request(Method::POST, "/health")).await?;
    talk.end(stack, "metrics").await
}

#[test]
fn a_shape_has_no_values() {
    let page = "# TYPE a counter\na{x=\"1\",path=\"/{id}\"} 2\na{x=\"2\",path=\"/\"} 3\n\nb 7\n";
    assert_eq!(shape(page), "# TYPE a counter\na{x,path}\nb\n");
}
