//! The same writes without us: pgbench.

use super::http::WARM_UP;
use crate::bench::Bench;
use crate::driver::latencies;
use crate::number::float;
use crate::results::{Latency, Sample};
use crate::stack::{Database, Stack};
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use std::path::Path;
use tokio::process::Command;

/// As little as a durable commit can be.
pub(super) const COMMIT: &str = include_str!("../../sql/commit.sql");
/// Our write, as one statement, and as the statements that one would write.
pub(super) const ONE: &str = include_str!("../../sql/one.sql");
pub(super) const SEPARATE: &str = include_str!("../../sql/separate.sql");
/// The original's smaller write, as one statement, and as the statements that it sends.
pub(super) const ORIGINAL: &str = include_str!("../../sql/original.sql");
pub(super) const ORIGINAL_SEPARATE: &str = include_str!("../../sql/original_separate.sql");

/// What follows an id in a stored answer, so that it is as long as ours. No colon may be followed
/// by a letter or a digit, or pgbench would see a variable.
const BODY_FILLER: &str = include_str!("../../sql/body_filler.txt");

/// More than pgbench has ever done in a second on a machine of two cores.
const RATE_MAX: u64 = 40_000;

pub(super) async fn run(
    bench: &mut Bench,
    stack: &Stack,
    script: &str,
    clients: usize,
) -> Result<Sample> {
    let all_seconds = bench.options.seconds + WARM_UP.as_secs();
    let folder = bench.folder.join("pgbench");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("script.sql");
    std::fs::write(&file, script.replace("@BODY@", BODY_FILLER))?;
    let watch = bench.servers_and("pgbench");
    let originals = [ORIGINAL, ORIGINAL_SEPARATE].contains(&script);
    let database = database(bench, stack, originals).await?;
    let users = database.users(RATE_MAX * all_seconds).await?.next();
    // Or plans made while the tables were empty would look at all rows.
    database.execute("VACUUM ANALYZE").await?;
    // Ours as we go, by TCP; the original's by the Unix socket, as they went when they were
    // recorded.
    let socket: String =
        database.value("SELECT current_setting('unix_socket_directories')").await?;
    let to = database.options.clone();
    let to = if originals && !socket.is_empty() { to.host(&socket) } else { to };
    let mut command = Command::new("pgbench");
    // It finds its password in PGPASSWORD.
    command
        .args(["-h", to.get_host(), "-p", &to.get_port().to_string(), "-U", to.get_username()])
        .args(["-n", "-M", "prepared", "-c", &clients.to_string()])
        .args(["-j", &clients.min(2).to_string(), "-T", &all_seconds.to_string()])
        .args(["--log", &format!("--log-prefix={}", folder.join("log").display())])
        .args(["-D", &format!("base={users}"), "-D", &format!("clients={clients}"), "-D", "n=0"])
        .arg("-f")
        .arg(file)
        .env("PGDATABASE", to.get_database().unwrap_or_default())
        .kill_on_drop(true);
    let before = watch.read();
    let output = command.output().await.context("cannot run pgbench")?;
    let cpu = watch.since(&before);
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    let (all, seconds, latencies) = read(&folder)?;
    std::fs::remove_dir_all(&folder)?;
    let mut sample = Sample::counted(all, float(all_seconds), &cpu);
    sample.operations = latencies.len();
    sample.rate = float(sample.operations) / seconds.max(1e-3);
    sample.latency = Latency::of(&latencies);
    if script != COMMIT {
        sample.invalid = skip_used(database, users, all).await?;
    }
    Ok(sample)
}

/// One with our schema, or with that of the original.
async fn database<'a>(
    bench: &'a mut Bench,
    stack: &Stack,
    originals: bool,
) -> Result<&'a mut Database> {
    let name = if originals { "pgbench_original" } else { "pgbench_ours" };
    let server = &bench.options.bench_postgres_url;
    if originals && !bench.databases.contains_key(name) {
        let database = Database::create(server, name, "template1").await?;
        database.execute(include_str!("../../sql/original_schema.sql")).await?;
        bench.databases.insert(name, database);
    } else if !bench.databases.contains_key(name) {
        let database = stack.one_more_database(bench, name).await?;
        database.execute("CREATE TABLE bare_commit (at timestamptz NOT NULL)").await?;
        bench.databases.insert(name, database);
    }
    bench.databases.get_mut(name).context("it was just made")
}

/// What is in the logs of a folder: how many writes; the seconds after the warm-up, and the
/// latencies of what was committed in them. A line is: client, number, latency in µs, script,
/// seconds, microseconds.
fn read(folder: &Path) -> Result<(u64, f64, Histogram<u64>)> {
    let mut writes = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            for line in std::fs::read_to_string(path)?.lines() {
                let fields = line.split(' ').filter_map(|field| field.parse::<u64>().ok());
                if let [_, _, latency, _, seconds, micros] = fields.collect::<Vec<_>>()[..] {
                    writes.push((seconds * 1_000_000 + micros, latency));
                }
            }
        }
    }
    let begin = writes.iter().map(|(at, latency)| at.saturating_sub(*latency)).min();
    let from = begin.context("pgbench logged nothing")? + u64::try_from(WARM_UP.as_micros())?;
    let to = writes.iter().map(|(at, _)| *at).max().unwrap_or(from);
    let mut latencies = latencies()?;
    for (_, latency) in writes.iter().filter(|(at, _)| *at >= from) {
        latencies.saturating_record((*latency).max(1));
    }
    let all = u64::try_from(writes.len())?;
    Ok((all, float(to.saturating_sub(from)) / 1e6, latencies))
}

/// Leaves out the users that pgbench has used. Says what is wrong when some of its writes found no
/// user, and so were none.
async fn skip_used(database: &mut Database, first: i64, writes: u64) -> Result<Option<String>> {
    let last: i64 = database.value("SELECT max(user_id) FROM subscriptions").await?;
    let new = format!("SELECT count(*) FROM subscriptions WHERE user_id >= {first}");
    let rows: i64 = database.value(&new).await?;
    database.skip_to(last + 1);
    // The last of each client may be committed and not logged.
    let missing = i64::try_from(writes)? - rows;
    Ok((missing > 0).then(|| format!("{missing} of {writes} writes wrote nothing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_after_the_warm_up_counts() {
        let folder = std::env::temp_dir().join(format!("perf-pgbench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let text = "0 1 500 0 10 000500\n1 1 700 0 11 900000\n0 2 600 0 12 000000\nhalf a li";
        std::fs::write(folder.join("log.7"), text).unwrap();
        let (all, seconds, latencies) = read(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!((seconds - 1.0).abs() < 1e-9);
        assert_eq!((all, latencies.len(), latencies.min()), (3, 2, 600));
    }
}
