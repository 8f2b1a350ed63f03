//! The same writes without us: pgbench.

use super::Bench;
use crate::machine::Watch;
use crate::number::{float, ratio};
use crate::results::{Latency, Sample};
use crate::stack::Database;
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use sqlx::postgres::PgConnectOptions;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tokio::process::Command;

/// Which write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// One row, no more.
    Commit,
    /// Ours, as one statement.
    One,
    /// Ours, as the statements that one would write.
    Separate,
    /// The original's, as one statement.
    Original,
}

/// What follows an id in a stored answer, so that it is as long as ours. No colon may be followed by
/// a letter or a digit, or pgbench would see a variable.
const BODY_FILLER: &str = r#", "plan": "monthly", "status": "active", "start_date": "-----------------------------", "end_date": "---------------------------", "cancelled_at": "", "created_at": "---------------------------", "updated_at": "-----"}"#;

/// More than pgbench has ever done in a second on a machine of two cores.
const RATE_MAX: i64 = 40_000;

impl Script {
    fn text(self) -> String {
        let text = match self {
            Self::Commit => include_str!("../../sql/commit.sql"),
            Self::One => include_str!("../../sql/one.sql"),
            Self::Separate => include_str!("../../sql/separate.sql"),
            Self::Original => include_str!("../../sql/original.sql"),
        };
        text.replace("@BODY@", BODY_FILLER)
    }
}

pub(super) async fn run(bench: &mut Bench, script: Script, clients: usize) -> Result<Sample> {
    let warm_up = bench.warm_up();
    let seconds = bench.options.seconds + warm_up.as_secs();
    let database = match script {
        Script::Original => &mut bench.originals,
        Script::Commit | Script::One | Script::Separate => &mut bench.ours,
    };
    let users = database.users(RATE_MAX * i64::try_from(seconds)?).await?;
    let folder = bench.scratch.join("pgbench");
    std::fs::create_dir_all(&folder)?;
    let mut watch = Watch::default();
    watch.family("postgres", bench.options.postgres_pid);
    // pgbench is our child: when it has ended, what it used is booked on us.
    watch.family("pgbench", std::process::id());
    let before = watch.read();
    let mut command = command(&bench.options.pgbench, &database.url, &folder, clients, seconds)?;
    let output = command
        .args(["-D", &format!("base={}", users.next())])
        .args(["-D", &format!("clients={clients}"), "-D", "n=0", "-f"])
        .arg(write_script(&folder, script)?)
        .output()
        .await
        .with_context(|| format!("cannot run {}", bench.options.pgbench.display()))?;
    let cpu = watch.since(&before);
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pgbench: {}\n{words}", output.status);
    let writes = read_logs(&folder)?;
    std::fs::remove_dir_all(&folder)?;
    let (counted, latencies) = after_warm_up(&writes, warm_up)?;
    let all = u64::try_from(writes.len())?;
    let mut sample = Sample::counted(all, 0.0, &cpu);
    sample.operations = latencies.len();
    sample.seconds = counted;
    sample.rate = ratio(float(latencies.len()), counted).unwrap_or_default();
    sample.latency = Latency::of(&latencies);
    sample.invalid = skip_used(database, script, all).await?;
    Ok(sample)
}

fn command(
    program: &Path,
    url: &str,
    folder: &Path,
    clients: usize,
    seconds: u64,
) -> Result<Command> {
    let to = PgConnectOptions::from_str(url)?;
    let mut command = Command::new(program);
    command
        .args(["-h", to.get_host(), "-p", &to.get_port().to_string(), "-U", to.get_username()])
        .args(["-n", "-M", "prepared", "-c", &clients.to_string()])
        .args(["-j", &clients.min(2).to_string(), "-T", &seconds.to_string()])
        .args(["--log", &format!("--log-prefix={}", folder.join("log").display())])
        .kill_on_drop(true);
    if let Some(database) = to.get_database() {
        command.env("PGDATABASE", database);
    }
    Ok(command)
}

fn write_script(folder: &Path, script: Script) -> Result<std::path::PathBuf> {
    let file = folder.join("script.sql");
    std::fs::write(&file, script.text())?;
    Ok(file)
}

/// Leaves out the users that pgbench has used. Says what is wrong when some of its writes found no
/// user, and so were none.
async fn skip_used(database: &mut Database, script: Script, writes: u64) -> Result<Option<String>> {
    if script == Script::Commit {
        return Ok(None);
    }
    let before = database.users(0).await?.next();
    let last = database.number("SELECT max(user_id) FROM subscriptions").await?;
    let new = format!("SELECT count(*) FROM subscriptions WHERE user_id >= {before}");
    let rows = database.number(&new).await?;
    database.skip_to(last + 1);
    // The last of each client may be committed and not logged.
    let missing = i64::try_from(writes)? - rows;
    Ok((missing > 0).then(|| format!("{missing} of {writes} writes wrote nothing")))
}

/// A write: when it was committed, in µs, and how long it took, in µs.
type Write = (u64, u64);

fn read_logs(folder: &Path) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("log") {
            let text = std::fs::read_to_string(entry.path())?;
            writes.extend(text.lines().filter_map(parse));
        }
    }
    Ok(writes)
}

/// A line is: client, number, latency in µs, script, seconds, microseconds.
fn parse(line: &str) -> Option<Write> {
    let fields: Vec<u64> = line.split(' ').filter_map(|field| field.parse().ok()).collect();
    match fields[..] {
        [_, _, latency, _, seconds, micros] => Some((seconds * 1_000_000 + micros, latency)),
        _ => None,
    }
}

/// The seconds after the warm-up, and the latencies of what was committed in them.
fn after_warm_up(writes: &[Write], warm_up: Duration) -> Result<(f64, Histogram<u64>)> {
    let begin = writes.iter().map(|(at, latency)| at.saturating_sub(*latency)).min();
    let from = begin.context("pgbench logged nothing")? + u64::try_from(warm_up.as_micros())?;
    let to = writes.iter().map(|(at, _)| *at).max().unwrap_or(from);
    let mut latencies = Histogram::new_with_bounds(1, 120_000_000, 3)?;
    for (_, latency) in writes.iter().filter(|(at, _)| *at >= from) {
        latencies.saturating_record((*latency).max(1));
    }
    Ok((float(to.saturating_sub(from)) / 1e6, latencies))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_after_the_warm_up_counts() {
        let text = "0 1 500 0 10 000500\n1 1 700 0 11 900000\n0 2 600 0 12 000000\nhalf a li";
        let writes: Vec<Write> = text.lines().filter_map(parse).collect();
        assert_eq!(writes.len(), 3);
        let (seconds, latencies) = after_warm_up(&writes, Duration::from_secs(1)).unwrap();
        assert!((seconds - 1.0).abs() < 1e-9);
        assert_eq!((latencies.len(), latencies.min()), (2, 600));
        assert!(after_warm_up(&[], Duration::ZERO).is_err());
    }

    #[test]
    fn stored_answer_is_as_long_as_ours_and_hides_no_variable() {
        assert!((230..=250).contains(&(BODY_FILLER.len() + 24)), "{}", BODY_FILLER.len());
        let mut pairs = BODY_FILLER.bytes().zip(BODY_FILLER.bytes().skip(1));
        assert!(!pairs.any(|(a, b)| a == b':' && b.is_ascii_alphanumeric()));
    }
}
