//! The same writes without us: pgbench.

use super::Bench;
use super::pgbench_log::{after_warm_up, read};
use crate::machine::Watch;
use crate::number::{float, ratio};
use crate::results::{Latency, Sample};
use crate::stack::Database;
use anyhow::{Context, Result, ensure};
use sqlx::postgres::PgConnectOptions;
use std::path::Path;
use std::str::FromStr;
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
    /// The original's, as the statements that it sends.
    OriginalSeparate,
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
            Self::OriginalSeparate => include_str!("../../sql/original_separate.sql"),
        };
        text.replace("@BODY@", BODY_FILLER)
    }

    const fn is_the_originals(self) -> bool {
        matches!(self, Self::Original | Self::OriginalSeparate)
    }
}

pub(super) async fn run(bench: &mut Bench, script: Script, clients: usize) -> Result<Sample> {
    let warm_up = bench.warm_up();
    let seconds = bench.options.seconds + warm_up.as_secs();
    let originals = script.is_the_originals();
    let database = if originals { &mut bench.originals } else { &mut bench.ours };
    let users = database.users(RATE_MAX * i64::try_from(seconds)?).await?;
    let folder = bench.scratch.join("pgbench");
    std::fs::create_dir_all(&folder)?;
    let mut watch = Watch::default();
    watch.family("postgres", bench.options.postgres_pid);
    // pgbench is our child: when it has ended, what it used is booked on us.
    watch.family("pgbench", std::process::id());
    let before = watch.read();
    // Ours as we go, by TCP; the original's as they went when they were recorded.
    let socket = bench.options.postgres_socket.as_deref().filter(|_| originals);
    let to = PgConnectOptions::from_str(&database.url)?;
    let to = socket.map_or(to.clone(), |socket| to.host(&socket.display().to_string()));
    let mut command = command(&bench.options.pgbench, &to, &folder, clients, seconds);
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
    let writes = read(&folder)?;
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
    to: &PgConnectOptions,
    folder: &Path,
    clients: usize,
    seconds: u64,
) -> Command {
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
    command
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_answer_is_as_long_as_ours_and_hides_no_variable() {
        assert!((230..=250).contains(&(BODY_FILLER.len() + 24)), "{}", BODY_FILLER.len());
        let mut pairs = BODY_FILLER.bytes().zip(BODY_FILLER.bytes().skip(1));
        assert!(!pairs.any(|(a, b)| a == b':' && b.is_ascii_alphanumeric()));
    }
}
