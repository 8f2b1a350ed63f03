//! What is about Redis: its memory over many commands, and the admission script in redis-benchmark.

use super::drive;
use crate::bench::Bench;
use crate::driver::{Connection, Extent, Pace};
use crate::loads::{post, subscribe};
use crate::number::{early_and_late, float};
use crate::results::{Latency, Sample};
use crate::stack::{Servers, Stack};
use ::redis::ConnectionAddr;
use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use std::time::Duration;
use tokio::process::Command;

/// Commands between two looks at the memory.
const STEP: u64 = 50_000;

const REQUESTS: u64 = 100_000;

/// What redis-benchmark replaces by twelve random digits: the end of a job's id.
const PLACEHOLDER: &str = "__rand_int__";

const SEEN_WITHIN: Duration = Duration::from_secs(5);

/// Sends very many commands and looks at Redis now and then. What a second's memory of answers
/// takes goes with the rate, which moves: so the first quarter is compared with the last.
pub(super) async fn memory(bench: &mut Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    stack.tuning = vec![("IDEMPOTENCY_TTL_SECONDS", "1".to_owned())];
    stack.need(Servers::Product(1)).await?;
    let (mut sample, mut looks) = (Sample::default(), Vec::new());
    for _ in 0..bench.options.long_count.div_ceil(STEP) {
        let load = subscribe(stack.database.users(STEP).await?, bench.next_run());
        sample = drive(stack, clients, Pace::Closed, Extent::Requests(STEP), load).await?;
        looks.push(stack.redis.used_mib()?);
        if sample.invalid.is_some() {
            break;
        }
    }
    stack.tuning.clear();
    stack.stop().await?;
    if let Some((early, late)) = early_and_late(&looks) {
        sample.note("redis_early_mib", early);
        sample.note("redis_late_mib", late);
    }
    Ok(sample)
}

/// The script with the keys and arguments that the api sends, as Redis itself sees them: so this
/// goes on being true when the script changes.
pub(super) async fn script(bench: &Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    let words = observed(stack).await?;
    // The script stays loaded.
    stack.stop().await?;
    let to = stack.redis.client.get_connection_info();
    let ConnectionAddr::Tcp(host, port) = to.addr() else { bail!("Redis is not on plain TCP") };
    let mut command = Command::new("redis-benchmark");
    // Its `-u` sends an empty user name that Redis refuses, so the parts of the URL go one by one.
    command.args(["-h", host, "-p", &port.to_string()]);
    command.args(to.redis_settings().password().map(|password| ["-a", password]).iter().flatten());
    command.args(["-c", &clients.to_string(), "-n", &REQUESTS.to_string()]);
    command.args(["-P", "1", "--csv", "-r", "1000000000"]).args(&words).kill_on_drop(true);
    let watch = bench.servers_and("redis-benchmark");
    let before = watch.read();
    let output = command.output().await.context("cannot run redis-benchmark")?;
    let cpu = watch.since(&before);
    stack.redis.flush()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (rate, latency) = parse(&text).with_context(|| format!("not understood: {output:?}"))?;
    let sample = Sample::counted(REQUESTS, float(REQUESTS) / rate, &cpu);
    Ok(Sample { latency: Some(latency), ..sample })
}

/// The command that one submission makes the api send to Redis, with its random part replaced.
async fn observed(stack: &Stack) -> Result<Vec<String>> {
    let mut seen = stack.redis.client.get_async_monitor().await?.into_on_message::<String>();
    let mut connection = Connection::new(stack.address()?);
    let mut id = String::new();
    // The second finds the script loaded.
    for key in ["redis-script-1", "redis-script-2"] {
        let (mut request, body) = (Vec::new(), format_args!(r#"{{"user_id":1,"plan":"monthly"}}"#));
        post(&mut request, "/subscribe", key, "Prefer: respond-async\r\n", body);
        let reply = connection.ask(&request).await?;
        let job: serde_json::Value = serde_json::from_slice(reply.body)?;
        id = job.get("id").map(|id| id.to_string().replace('"', "")).unwrap_or_default();
        ensure!(id.len() == 36, "POST /subscribe: {} {job}", reply.status);
    }
    let found = async {
        while let Some(line) = seen.next().await {
            if line.contains("\"EVALSHA\"") && line.contains(&id) {
                return Some(words(&line));
            }
        }
        None
    };
    let found = tokio::time::timeout(SEEN_WITHIN, found).await.ok().flatten();
    let random = |word: String| word.replace(id.get(24..).unwrap_or("?"), PLACEHOLDER);
    Ok(found.context("Redis showed no EVALSHA of ours")?.into_iter().map(random).collect())
}

/// The words of a line of MONITOR: `time [0 address] "EVALSHA" "…" …`. A byte that is no text, such
/// as those of a fingerprint, becomes an x: a command line holds no zero byte.
fn words(line: &str) -> Vec<String> {
    let words = line.split_once("] \"").map_or("", |(_, words)| words);
    let unescaped = |word: &str| {
        let mut parts = word.split("\\x");
        let first = parts.next().unwrap_or_default().to_owned();
        let text = parts.fold(first, |text, part| text + "x" + part.get(2..).unwrap_or_default());
        text.replace("\\\"", "\"").replace("\\\\", "\\")
    };
    words.strip_suffix('"').unwrap_or(words).split("\" \"").map(unescaped).collect()
}

/// Rate and latencies: the last seven figures of the CSV. The command itself comes before them.
fn parse(csv: &str) -> Option<(f64, Latency)> {
    let figures = csv.lines().last()?.rsplit(',').take(7);
    let figures: Vec<f64> =
        figures.filter_map(|text| text.trim_matches('"').parse().ok()).collect();
    match figures[..] {
        [max, p99, p95, p50, _min, _average, rate] => Some((rate, Latency { p50, p95, p99, max })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_monitor_and_figures_of_the_csv_are_understood() {
        let line = r#"1.5 [0 127.0.0.1:1] "EVALSHA" "ab" "{\"v\":1}" "\x00\xffz" """#;
        assert_eq!(words(line), ["EVALSHA", "ab", r#"{"v":1}"#, "xxz", ""]);
        let csv = r#""EVALSHA a,b","448.0","1.1","0.2","1.0","1.4","1.6","3.0""#;
        let latency = Latency { p50: 1.0, p95: 1.4, p99: 1.6, max: 3.0 };
        assert_eq!(parse(csv), Some((448.0, latency)));
    }
}
