//! The admission script in redis-benchmark. Its keys and arguments are those that the product sends,
//! as Redis itself sees them, so this goes on being true when the script changes.

use super::Bench;
use crate::machine::Watch;
use crate::results::{Latency, Sample};
use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use futures::StreamExt;
use redis::ConnectionAddr;
use shared::domain::{ClientId, Command, Fingerprint, IdempotencyKey, PlanCode, UserId};
use shared::queue::Queue;
use shared::queue::admission::Bounds;
use shared::queue::job::QueuedJob;
use std::time::Duration;

const CONNECTIONS: &str = "50";
const REQUESTS: u64 = 100_000;

/// What redis-benchmark replaces by twelve random digits: the end of a UUID.
const PLACEHOLDER: &str = "__rand_int__";

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    redis: shared::config::Redis,
}

pub(super) async fn run(bench: &mut Bench) -> Result<Sample> {
    let words = observed(bench).await?;
    let mut watch = Watch::default();
    watch.family("redis", bench.options.redis_pid);
    watch.family("redis-benchmark", std::process::id());
    let before = watch.read();
    let output = command(bench)?
        .args(["-c", CONNECTIONS, "-P", "1", "--csv"])
        .args(["-n", &REQUESTS.to_string(), "-r", "1000000000"])
        .args(&words)
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run redis-benchmark")?;
    let cpu = watch.since(&before);
    bench.stack.redis.flush().await?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "redis-benchmark: {}\n{words}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let (rate, latency) = parse(&text).with_context(|| format!("not understood: {text}"))?;
    let seconds = crate::number::float(REQUESTS) / rate;
    Ok(Sample { latency: Some(latency), ..Sample::counted(REQUESTS, seconds, &cpu) })
}

/// Its `-u` sends an empty user name that Redis refuses, so the parts of the URL go one by one.
fn command(bench: &Bench) -> Result<tokio::process::Command> {
    let mut command = tokio::process::Command::new(&bench.options.redis_benchmark);
    let to = bench.stack.redis.client().get_connection_info();
    let ConnectionAddr::Tcp(host, port) = to.addr() else { bail!("Redis is not on plain TCP") };
    command.args(["-h", host, "-p", &port.to_string()]);
    if let Some(password) = to.redis_settings().password() {
        command.args(["-a", password]);
    }
    Ok(command)
}

/// The command that one submission sends to Redis, with its random part replaced.
async fn observed(bench: &Bench) -> Result<Vec<String>> {
    let settings = Settings::try_parse_from(["perf", "--redis-url", bench.stack.redis.url()])?;
    let queue = Queue::connect(&settings.redis).await?;
    let monitor = bench.stack.redis.client().get_async_monitor().await?;
    let mut seen = monitor.into_on_message::<String>();
    let (first, second) = (sample_job(1)?, sample_job(2)?);
    let bounds = Bounds { limit: None, depth_max: 3_000_000 };
    // The second finds the script loaded.
    for job in [&first, &second] {
        queue.admit(&[queue.submission(job, "local")], bounds, None).await?;
    }
    let id = second.id().to_string();
    let ours = async {
        while let Some(line) = seen.next().await {
            if line.contains("\"EVALSHA\"") && line.contains(&id) {
                return Some(words(&line));
            }
        }
        None
    };
    let found = tokio::time::timeout(Duration::from_secs(5), ours).await.ok().flatten();
    bench.stack.redis.flush().await?;
    let random = |word: String| word.replace(id.get(24..).unwrap_or("?"), PLACEHOLDER);
    Ok(found.context("Redis showed no EVALSHA of ours")?.into_iter().map(random).collect())
}

/// A job as the api makes it. The fingerprint is text, for a command line holds no zero byte.
fn sample_job(number: i64) -> Result<QueuedJob> {
    let key = format!("00000000-0000-4000-8000-{number:012x}");
    let fingerprint = Fingerprint::from_bytes(b"fingerprint of thirty-two bytes!");
    Ok(QueuedJob {
        client: ClientId::LOCAL,
        key: IdempotencyKey::parse(key.as_bytes())?,
        fingerprint: fingerprint.context("a fingerprint has 32 bytes")?,
        submitted_at: shared::clock::now(),
        command: Command::Subscribe {
            user_id: UserId(1_000_000 + number),
            plan: PlanCode::parse("monthly")?,
            duration_months: Some(1),
        },
    })
}

/// The words of a line of MONITOR: `time [0 address] "EVALSHA" "…" …`.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut inside) = (Vec::new(), String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside => words.push(std::mem::take(&mut word)),
            '\\' if inside => word.extend(letters.next().map(|escaped| match escaped {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            })),
            _ if inside => word.push(letter),
            _ => {}
        }
        inside ^= letter == '"';
    }
    words
}

/// Rate, and latencies, of the line of figures in the CSV.
fn parse(csv: &str) -> Option<(f64, Latency)> {
    // The command itself comes first and may hold anything, line feeds too; the last seven are figures.
    let line = csv.lines().last()?;
    let figures: Vec<f64> =
        line.rsplit(',').take(7).filter_map(|text| text.trim_matches('"').parse().ok()).collect();
    match figures[..] {
        [max, p99, p95, p50, _min, _average, rate] => Some((rate, Latency { p50, p95, p99, max })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_monitor_are_unescaped() {
        let line = r#"1.5 [0 127.0.0.1:1] "EVALSHA" "ab" "{\"v\":1}" """#;
        assert_eq!(words(line), ["EVALSHA", "ab", r#"{"v":1}"#, ""]);
    }

    #[test]
    fn figures_are_the_last_of_the_line() {
        let csv = "\"test\",\"rps\"\n\"EVALSHA a,\nb\",\"44800.0\",\"1.1\",\"0.2\",\"1.0\",\"1.4\",\"1.6\",\"3.0\"\n";
        let (rate, latency) = parse(csv).unwrap();
        assert!((rate - 44_800.0).abs() < 1e-9);
        assert_eq!(latency, Latency { p50: 1.0, p95: 1.4, p99: 1.6, max: 3.0 });
    }
}
