//! `make load`: four load tests against an api that is already running on this machine. It starts
//! nothing and knows the api only by its HTTP contract.

use crate::driver::{Connection, latencies};
use crate::loads::{get, post};
use crate::number::{cell, float, shown};
use crate::progress::Progress;
use crate::results::Latency;
use crate::table::Table;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{Write, stdout};
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const READS: usize = 100;
const RETRIES: usize = 20;
const MIXED: usize = 50;

/// The kinds of writes: users, subscribe, renew, gift, redeem, cancel.
const KINDS: usize = 6;

/// Rows of the table.
const STEPS: usize = 12;

/// All of it, waiting for the rate limit included.
const ENDED_WITHIN: Duration = Duration::from_mins(10);

/// Load-tests a running api of this project: latencies, and what was expected of it.
///
/// Four tests: 100 reads of the health page, 20 concurrent retries of one Idempotency-Key, 50
/// mixed requests, and real writes (users, subscribe, renew, gift, redeem, cancel). It starts
/// nothing: start the api first, with `make run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The api limits submissions (10 a minute by default): the last test sends \
    one write of each kind then. For the full test: RATE_LIMIT_REQUESTS=0 make run\n\n\
    Exit code: 0 all as expected, 1 an expectation failed, 2 the tests could not be run.")]
pub(crate) struct Options {
    /// Address of the api; loopback only, a load test is not for other people's machines
    #[arg(long, env = "API_URL", default_value = "http://127.0.0.1:8080", value_parser = loopback)]
    url: SocketAddr,

    /// API key; not needed when the api runs with `API_AUTH=open`, as `make run` does
    #[arg(long, env = "API_KEY", hide_env_values = true, default_value = "")]
    api_key: String,

    /// Commands of the fourth test, spread evenly over its six kinds: 6 to 100000
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(6..=100_000))]
    writes: u32,

    /// Requests in flight at once (the 20 retries are always sent together): 1 to 256
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
}

/// `localhost` counts only if it really names this machine.
fn loopback(url: &str) -> Result<SocketAddr> {
    let host = url.strip_prefix("http://").context("not of the form http://127.0.0.1:8080")?;
    let all: Vec<SocketAddr> = host.trim_end_matches('/').to_socket_addrs()?.collect();
    ensure!(all.iter().all(|one| one.ip().is_loopback()), "{host} is not on this machine");
    all.first().copied().context("no such host")
}

/// True: all is as expected.
pub(crate) async fn run(options: &Options) -> Result<bool> {
    let head = ["test", "requests", "as expected", "P50 ms", "P95 ms", "P99 ms", "a second"];
    let key = &options.api_key;
    let mut client = Client {
        address: options.url,
        headers: if key.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {key}\r\n")
        },
        width: usize::from(options.concurrency),
        run: rand::random(),
        progress: Progress::new(STEPS),
        table: Table::new("Load test", "", &head),
        checks: Vec::new(),
    };
    let ended = timeout(ENDED_WITHIN, client.all(usize::try_from(options.writes)?)).await;
    client.progress.finish();
    let mut out = stdout().lock();
    writeln!(out, "{}", client.table.markdown())?;
    for (holds, text) in &client.checks {
        writeln!(out, "{} {text}", if *holds { '✓' } else { '✗' })?;
    }
    ended.with_context(|| format!("not done within {ENDED_WITHIN:?}"))??;
    Ok(client.checks.iter().all(|(holds, _)| *holds))
}

struct Client {
    address: SocketAddr,
    /// The authorization, if there is one.
    headers: String,
    width: usize,
    /// Makes emails and keys differ from those of all other runs.
    run: u64,
    progress: Progress,
    table: Table,
    checks: Vec<(bool, String)>,
}

/// What the api answered, and whether that was a replay, or under a rate limit.
#[derive(Clone, Default)]
struct Answer {
    status: u16,
    body: String,
    is_replay: bool,
    is_limited: bool,
    latency: Duration,
}

/// Requests that are yet to be sent, by number.
type Requests = Rc<RefCell<std::iter::Enumerate<std::vec::IntoIter<Vec<u8>>>>>;

impl Client {
    async fn all(&mut self, writes: usize) -> Result<()> {
        self.test("1 health", vec![self.get("/health"); READS], self.width).await?;

        let email = json!({ "email": self.email(0) });
        let made = self.test("2 user", vec![self.post("/users", "user", &email)], 1).await?;
        let (user, is_limited) = (id(made.first())?, made.iter().any(|one| one.is_limited));
        let body = json!({ "user_id": user, "plan": "monthly", "duration_months": 1 });
        let retries = vec![self.post("/subscribe", "retries", &body); RETRIES];
        let retries = self.test("2 retries", retries, RETRIES).await?;
        let first = retries.first().map(|one| &one.body);
        let equal = retries.iter().filter(|one| Some(&one.body) == first).count();
        self.check(equal == RETRIES, format!("{equal} of {RETRIES} retries have the same body"));
        let replays = retries.iter().filter(|one| one.is_replay).count();
        self.check(replays == RETRIES - 1, format!("all but one are replays: {replays}"));

        let email = self.email(1);
        let body = json!({ "gifter_id": user, "recipient_email": email, "duration_months": 1 });
        let retry = self.post("/gift", "gift", &body);
        let gift = id(self.test("3 gift", vec![retry.clone()], 1).await?.first())?;
        let [page, gift] = [format!("/subscriptions/{user}"), format!("/gifts/{gift}")];
        let kinds = [self.get(&page), self.get("/health"), self.get(&gift), retry];
        let mixed = kinds.iter().cycle().take(MIXED).cloned().collect();
        let mixed = self.test("3 mixed", mixed, self.width).await?;
        let made = mixed.first().map_or(0, |page| page.body.matches("\"plan\"").count());
        self.check(made == 1, format!("the retries had one effect: {made} subscription(s)"));
        self.writes(if is_limited { 1 } else { writes / KINDS }).await
    }

    /// Every user subscribes, renews, gives a gift to the next user, redeems the gift of the one
    /// before, and cancels. Steps follow each other; the users of a step do not.
    async fn writes(&mut self, count: usize) -> Result<()> {
        let emails: Vec<String> = (0..count).map(|at| self.email(at + 10)).collect();
        let next = |at: usize| (at + 1) % count;
        let body = |at| json!({ "email": emails.get(at) });
        let users = self.step("/users", count, body).await?;
        let body = |at| json!({ "user_id": users.get(at), "plan": "monthly" });
        let made = self.step("/subscribe", count, body).await?;
        let body = |at| json!({ "subscription_id": made.get(at), "duration_months": 1 });
        self.step("/renew", count, body).await?;
        let body = |at| {
            let (gifter, recipient) = (users.get(at), emails.get(next(at)));
            json!({ "gifter_id": gifter, "recipient_email": recipient, "duration_months": 1 })
        };
        let gifts = self.step("/gift", count, body).await?;
        let body = |at| json!({ "gift_id": gifts.get(at), "user_id": users.get(next(at)) });
        self.step("/gift/redeem", count, body).await?;
        let body = |at| json!({ "subscription_id": made.get(at) });
        self.step("/cancel", count, body).await?;
        // An answer alone proves no effect.
        let pages = users.iter().map(|user| self.get(&format!("/subscriptions/{user}"))).collect();
        let pages = self.test("4 read back", pages, self.width).await?;
        let right = pages.iter().filter(|page| page.body.contains("\"cancelled\"")).count();
        self.check(right == count, format!("{right} of {count} subscriptions are cancelled"));
        Ok(())
    }

    /// So many commands. The ids of what they made or changed.
    async fn step(
        &mut self,
        path: &str,
        count: usize,
        body: impl Fn(usize) -> Value,
    ) -> Result<Vec<i64>> {
        let request = |at| self.post(path, &format!("write-{at}"), &body(at));
        let requests = (0..count).map(request).collect();
        let answers = self.test(&format!("4 {path}"), requests, self.width).await?;
        answers.iter().map(|answer| id(Some(answer))).collect()
    }

    /// Sends requests, `width` at a time, and expects all of them to be answered with 200 or 201.
    async fn test(&mut self, title: &str, all: Vec<Vec<u8>>, width: usize) -> Result<Vec<Answer>> {
        self.progress.step(title);
        let answers = Rc::new(RefCell::new(vec![Answer::default(); all.len()]));
        let requests = Rc::new(RefCell::new(all.into_iter().enumerate()));
        let (begun, mut connections) = (Instant::now(), JoinSet::new());
        for _ in 0..width {
            let (requests, answers) = (Rc::clone(&requests), Rc::clone(&answers));
            connections.spawn_local(send(self.address, requests, answers));
        }
        while let Some(ended) = connections.join_next().await {
            ended?.context("no api answers: start it with `make run`")?;
        }
        let (answers, seconds) = (answers.take(), begun.elapsed().as_secs_f64());
        let mut histogram = latencies()?;
        for answer in &answers {
            histogram.saturating_record(u64::try_from(answer.latency.as_micros())?);
        }
        let fault = answers.iter().find(|one| ![200, 201].contains(&one.status));
        let fault = fault.map(|one| format!(": {} {}", one.status, one.body)).unwrap_or_default();
        let ok = answers.iter().filter(|one| [200, 201].contains(&one.status)).count();
        let all = answers.len();
        self.check(ok == all, format!("{title}: {ok} of {all} answered as they should{fault}"));
        let figures: [fn(Latency) -> f64; 3] = [|l| l.p50, |l| l.p95, |l| l.p99];
        let figures = figures.map(|of| cell(Latency::of(&histogram).map(of).map(shown)));
        let rate = shown(float(u64::try_from(all)?) / seconds);
        let row = [title.to_owned(), all.to_string(), ok.to_string()];
        self.table.row(row.into_iter().chain(figures).chain([rate]));
        Ok(answers)
    }

    fn check(&mut self, holds: bool, text: String) {
        self.checks.push((holds, text));
    }

    fn email(&self, number: usize) -> String {
        format!("load-{:016x}-{number}@example.com", self.run)
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let mut request = Vec::new();
        get(&mut request, &path, &self.headers);
        request
    }

    /// A command that waits for its outcome, rather than be told after a second that there is none.
    fn post(&self, path: &str, key: &str, body: &Value) -> Vec<u8> {
        let (mut request, headers) = (Vec::new(), format!("Prefer: wait=10\r\n{}", self.headers));
        let key = format!("load-{:016x}-{}-{key}", self.run, path.replace('/', ""));
        post(&mut request, path, &key, &headers, format_args!("{body}"));
        request
    }
}

/// Sends one request after the other. One that the rate limit turns away is sent again after a
/// wait.
async fn send(
    address: SocketAddr,
    requests: Requests,
    answers: Rc<RefCell<Vec<Answer>>>,
) -> Result<()> {
    let mut connection = Connection::new(address);
    loop {
        let Some((at, request)) = requests.borrow_mut().next() else { return Ok(()) };
        let answer = loop {
            let begun = Instant::now();
            let reply = connection.ask(&request).await?;
            let wait = reply.header("retry-after").and_then(|text| text.parse().ok());
            if reply.status == 429
                && let Some(seconds) = wait
            {
                sleep(Duration::from_secs(seconds)).await;
                continue;
            }
            break Answer {
                status: reply.status,
                body: String::from_utf8_lossy(reply.body).into_owned(),
                is_replay: reply.header("idempotent-replayed").is_some(),
                is_limited: reply.header("ratelimit-limit").is_some(),
                latency: begun.elapsed(),
            };
        };
        if let Some(slot) = answers.borrow_mut().get_mut(at) {
            *slot = answer;
        }
    }
}

fn id(answer: Option<&Answer>) -> Result<i64> {
    let body = answer.map(|answer| answer.body.as_str()).unwrap_or_default();
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let id = value.get("id").or(value.get("subscription_id")).and_then(Value::as_i64);
    id.with_context(|| format!("the tests cannot go on after {body}"))
}
