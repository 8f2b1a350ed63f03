//! What README.md and docs/TUTORIAL.md tell readers to type works, and is answered as they say.

use anyhow::{Context, Result, ensure};
use e2e::{Kind, Settings, Stack, program};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

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
            "http" | "json" | "console" if is_run => {
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

/// A stack as `make run` leaves it: open, with the usual limit and what `scripts/lib/demo.sh`
/// makes.
async fn stack_with_demo() -> Result<Stack> {
    let stack = Stack::builder()
        .api("RATE_LIMIT_REQUESTS", 10)
        .api("PAYMENTS", "simulated")
        .worker("PAYMENTS", "simulated")
        .start()
        .await?;
    let state = stack.folder().join(".data/run");
    fs::create_dir_all(&state)?;
    let programs = program("worker")?.parent().context("a program is in a folder")?.to_owned();
    symlink(programs.canonicalize()?, state.join("bin"))?;
    fs::write(state.join("env"), exports(&stack.settings(Kind::Worker)))?;
    for _ in 0..2 {
        let said = make_run_shows(&stack, &state)?;
        ensure!(said.contains("It works") && said.contains("Bearer sck_"), "{said}");
    }
    Ok(stack)
}

/// The file by which programs are started beside those of `make run`.
fn exports(settings: &Settings) -> String {
    let line = |(name, value): (OsString, OsString)| {
        format!("export {}='{}'\n", name.display(), value.display())
    };
    settings.environment().into_iter().map(line).collect()
}

/// What `make run` does when both programs run, and prints then.
fn make_run_shows(stack: &Stack, state: &Path) -> Result<String> {
    let lines = ". scripts/lib/say.sh; . scripts/lib/demo.sh; demo_up; explain";
    let shown = Command::new("bash")
        .args(["-euo", "pipefail", "-c", lines])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("state", state)
        .envs(stack.settings(Kind::Api).environment())
        .env("API_ADDR", stack.client()?.address()?.to_string())
        .env("WORKER_ADDR", "127.0.0.1:9090")
        .stdin(Stdio::null())
        .output()?;
    ensure!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    Ok(String::from_utf8(shown.stdout)?)
}

/// The terminal of a reader, in the folder of a checkout.
struct Terminal {
    shell: Child,
    /// What to type into.
    keyboard: ChildStdin,
    screen: BufReader<ChildStdout>,
    /// Where the api and the worker of the stack are.
    api: String,
    worker: String,
}

/// Stands behind the answer to lines.
const END: &str = "-- end of the answer --";

impl Terminal {
    fn open(stack: &mut Stack) -> Result<Self> {
        let api = stack.client()?.address()?.to_string();
        let worker = stack.worker(0)?.client()?.address()?.to_string();
        let mut shell = Command::new("bash")
            .args(["-euo", "pipefail"])
            .current_dir(stack.folder())
            .env("no_proxy", "*")
            .env("API_URL", format!("http://{api}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let keyboard = shell.stdin.take().context("there is a pipe")?;
        let screen = BufReader::new(shell.stdout.take().context("there is a pipe")?);
        Ok(Self { shell, keyboard, screen, api, worker })
    }

    /// Types lines and returns what they print. The first that fails ends the shell.
    fn run(&mut self, lines: &str) -> Result<String> {
        let (api, worker) = (&self.api, &self.worker);
        let lines = lines.replace("127.0.0.1:8080", api).replace("127.0.0.1:9090", worker);
        writeln!(self.keyboard, "{lines}\necho\necho '{END}'")?;
        let mut answer = String::new();
        loop {
            let start = answer.len();
            let is_over = self.screen.read_line(&mut answer)? == 0;
            ensure!(!is_over, "{lines}\nfail, after\n{answer}");
            if answer.get(start..).is_some_and(|line| line.trim_end() == END) {
                answer.truncate(start);
                return Ok(answer.replace('\r', ""));
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// The same text with every instant of a clock that runs, and every count of the rate limit, made
/// alike. The clock of a test client stands at whole seconds.
fn normalised(text: &str) -> String {
    let line = |line: &str| {
        let is_count = line.starts_with("ratelimit-re") || line.starts_with("retry-after:");
        let line = if is_count { line.split(' ').next().unwrap_or(line) } else { line };
        let words = line.split('"').map(|word| {
            let is_instant = word.len() == 27 && word.ends_with('Z') && word.starts_with("20");
            if is_instant && !word.ends_with(".000000Z") { "instant" } else { word }
        });
        words.collect::<Vec<_>>().join("\"")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether a line is as the page shows it, where `…` stands for anything.
fn is_as_shown(shown: &str, line: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// The page shows a selection of the headers, and the whole body or some of it.
fn check(example: &Example<'_>, answer: &str) -> Result<()> {
    let Some(shown) = example.answer else { return Ok(()) };
    let (shown, answer) = (normalised(shown), normalised(answer));
    for line in shown.lines().filter(|line| !line.is_empty()) {
        let found = answer.lines().any(|found| is_as_shown(line, found));
        ensure!(found, "{}\nis not answered with\n{line}\nbut with\n{answer}", example.lines);
    }
    Ok(())
}

#[tokio::test]
async fn the_tutorial_is_answered_as_it_says() -> Result<()> {
    let mut stack = stack_with_demo().await?;
    let examples = examples(TUTORIAL);
    ensure!(examples.iter().filter(|example| example.answer.is_some()).count() >= 22);
    let mut terminal = Terminal::open(&mut stack)?;
    for example in &examples {
        let answer = terminal.run(example.lines)?;
        check(example, &answer)?;
        // At each stop, and not at the end alone.
        if example.lines.contains("look\n") {
            terminal.run("(. .data/run/env && .data/run/bin/worker check)")?;
        }
    }
    stack.done().await
}

#[tokio::test]
async fn what_the_readme_has_one_type_works() -> Result<()> {
    let mut stack = stack_with_demo().await?;
    let mut terminal = Terminal::open(&mut stack)?;
    let mut answers = Vec::new();
    for example in examples(README) {
        answers.push(terminal.run(example.lines)?);
    }
    let answer = answers.first().context("README has no example")?;
    let statuses: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.split(' ').next())
        .collect();
    ensure!(statuses == ["201", "201", "201", "422", "201", "200"], "{answer}");
    ensure!(answer.lines().filter(|line| line.starts_with("idempotent-replayed")).count() == 1);
    stack.done().await
}

/// The balance of an account in an answer of the tutorial, in cents.
fn balance(balances: &Value, account: &str) -> i64 {
    let of_account = |balance: &&Value| balance["account"] == account;
    let found = balances["balances"].as_array().and_then(|all| all.iter().find(of_account));
    found.and_then(|balance| balance["amount"].as_i64()).unwrap_or(0)
}

#[test]
fn the_year_in_the_readme_is_that_of_the_tutorial() -> Result<()> {
    let lines = TUTORIAL.lines().filter(|line| line.starts_with("{\"balances\""));
    let mut told = Vec::new();
    for line in lines {
        let balances = serde_json::from_str(line)?;
        told.push(["cash", "deferred", "revenue"].map(|account| balance(&balances, account)));
    }
    let table = README.split("| 2026 |").nth(1).context("README has no table of the year")?;
    let mut shown = Vec::new();
    for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let dollars = cells.get(4..7).context("a row is too short")?;
        let cents = |cell: &&str| Ok(cell.parse::<i64>()? * 100);
        shown.push(dollars.iter().map(cents).collect::<Result<Vec<_>>>()?);
    }
    ensure!(shown == told && shown.len() == 10, "{shown:?}\n{told:?}");
    Ok(())
}

/// It needs Python, which not every machine has.
#[tokio::test]
async fn the_example_of_a_checkout_works() -> Result<()> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3 on this machine");
        return Ok(());
    }
    let mut stack = stack_with_demo().await?;
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/checkout.py");
    let told = Terminal::open(&mut stack)?.run(&format!("python3 '{checkout}'"))?;
    let what = ["declined: insufficient_funds", "confirm", "active until"];
    ensure!(what.iter().all(|what| told.contains(what)), "{told}");
    stack.done().await
}

#[test]
fn an_ellipsis_stands_for_anything() {
    for shown in ["{\"a\":1,\"b\":2}", "{…\"b\":2}", "{\"a\":…,\"b\":…}", "{\"a\":1…", "…"]
    {
        assert!(is_as_shown(shown, "{\"a\":1,\"b\":2}"), "{shown}");
    }
    for shown in ["{\"a\":1}", "{…\"b\":3}", "\"a\"…}", "{\"b\"…\"a\"…}", "{…\"a\":1"] {
        assert!(!is_as_shown(shown, "{\"a\":1,\"b\":2}"), "{shown}");
    }
}
