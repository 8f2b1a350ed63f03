//! What README.md and docs/TUTORIAL.md tell readers to type works, and is answered as they say.

use anyhow::{Context, Result, ensure};
use e2e::Stack;
use serde_json::json;
use std::process::{Command, Stdio};

const README: &str = include_str!("../../../../README.md");
const TUTORIAL: &str = include_str!("../../../../docs/TUTORIAL.md");

/// Stands before a block that a test cannot run: it starts a stack, or needs the files of one.
const NOT_RUN: &str = "<!-- not run -->";

/// Lines to type, and the answer that the page shows, if it shows one.
struct Example<'a> {
    lines: &'a str,
    answer: Option<&'a str>,
}

/// The examples of a page that can be run, in order.
fn examples(page: &str) -> Vec<Example<'_>> {
    let mut examples = Vec::new();
    let mut parts = page.split("\n```");
    let mut is_run = parts.next().is_some_and(|text| !text.trim_end().ends_with(NOT_RUN));
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').unwrap_or((block, ""));
        match language {
            "sh" if is_run => examples.push(Example { lines: text, answer: None }),
            "http" | "json" if is_run => {
                if let Some(example) = examples.last_mut() {
                    example.answer = Some(text);
                }
            }
            _ => {}
        }
        if !after.trim().is_empty() {
            is_run = !after.trim_end().ends_with(NOT_RUN);
        }
    }
    examples
}

/// A stack as `make run` leaves it: open, with the usual limit and two demo users.
async fn stack_with_demo_users() -> Result<Stack> {
    let stack = Stack::builder().api("RATE_LIMIT_REQUESTS", 10).start().await?;
    for name in ["ada", "grace"] {
        let email = json!({"email": format!("{name}@example.com")});
        stack.client()?.post("/users", &format!("demo-user-{name}"), &email).await?.json(201)?;
    }
    Ok(stack)
}

fn run(stack: &mut Stack, lines: &str) -> Result<String> {
    let api = stack.client()?.address()?.to_string();
    let worker = stack.worker(0)?.client()?.address()?.to_string();
    let lines = lines.replace("127.0.0.1:8080", &api).replace("127.0.0.1:9090", &worker);
    let shell = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &lines])
        .env("no_proxy", "*")
        .stdin(Stdio::null())
        .output()?;
    let answer = String::from_utf8(shell.stdout)?.replace('\r', "");
    ensure!(shell.status.success(), "{lines}\n{answer}{}", String::from_utf8_lossy(&shell.stderr));
    Ok(answer)
}

/// The same text with every instant, and every count of the rate limit, made alike.
fn normalised(text: &str) -> String {
    let line = |line: &str| {
        let is_count = line.starts_with("ratelimit-re") || line.starts_with("retry-after:");
        let line = if is_count { line.split(' ').next().unwrap_or(line) } else { line };
        let words = line.split('"').map(|word| {
            let is_instant = word.len() == 27 && word.ends_with('Z') && word.starts_with("20");
            if is_instant { "instant" } else { word }
        });
        words.collect::<Vec<_>>().join("\"")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The page shows a selection of the headers, and the whole body.
fn check(example: &Example<'_>, answer: &str) -> Result<()> {
    let Some(shown) = example.answer else { return Ok(()) };
    let (shown, answer) = (normalised(shown), normalised(answer));
    for line in shown.lines().filter(|line| !line.is_empty()) {
        let found = answer.lines().any(|found| found == line);
        ensure!(found, "{}\nis not answered with\n{line}\nbut with\n{answer}", example.lines);
    }
    Ok(())
}

#[tokio::test]
async fn the_tutorial_is_answered_as_it_says() -> Result<()> {
    let mut stack = stack_with_demo_users().await?;
    let examples = examples(TUTORIAL);
    ensure!(examples.iter().filter(|example| example.answer.is_some()).count() >= 10);
    for example in &examples {
        let answer = run(&mut stack, example.lines)?;
        check(example, &answer)?;
    }
    stack.done().await
}

#[tokio::test]
async fn the_ten_lines_of_the_readme_work() -> Result<()> {
    let mut stack = stack_with_demo_users().await?;
    let examples = examples(README);
    let example = examples.first().context("README has no example")?;
    let answer = run(&mut stack, example.lines)?;
    let statuses: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.split(' ').next())
        .collect();
    ensure!(statuses == ["201", "201", "201", "422", "201", "200"], "{answer}");
    ensure!(answer.lines().filter(|line| line.starts_with("idempotent-replayed")).count() == 1);
    stack.done().await
}
