//! What operators type, with `PgBouncer` in the way. Where there is none, this says so and passes.

use crate::faults::poison;
use anyhow::Result;
use e2e::{Kind, Stack, WithDatabase, run_to_end};
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, query_scalar, raw_sql};
use std::str::FromStr;
use std::time::Duration;
use support::PgBouncer;

const SOON: Duration = Duration::from_secs(30);

/// As many sessions as the look for a pooler needs, so that all of them can be looked at.
const TRANSACTION: &str = "pool_mode = transaction\ndefault_pool_size = 2";

/// The time limits of locks in both sessions of the pooler, each asked while the other is taken.
async fn lock_timeouts(bouncer: &PgBouncer) -> Result<[String; 2]> {
    let options = PgConnectOptions::from_str(bouncer.url())?.extra_float_digits(None);
    let mut both = [options.connect().await?, options.connect().await?];
    for connection in &mut both {
        raw_sql("BEGIN").execute(connection).await?;
    }
    let [one, other] = &mut both;
    let look = "SELECT current_setting('lock_timeout')";
    Ok([
        query_scalar(look).persistent(false).fetch_one(one).await?,
        query_scalar(look).persistent(false).fetch_one(other).await?,
    ])
}

#[tokio::test]
async fn no_command_leaves_its_settings_in_a_session_that_others_are_given() -> Result<()> {
    let Some(version) = PgBouncer::version() else {
        eprintln!("skipped: no pgbouncer in the PATH");
        return Ok(());
    };
    let keeps_statements = version >= PgBouncer::KEEPS_STATEMENTS;
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    poison(&stack, "true", "P0001").await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &json!({"email": "poison@example.com"})).await?;

    let direct = stack.db().connect_options().to_url_lossy();
    let more = if keeps_statements { "\nmax_prepared_statements = 200" } else { "" };
    let bouncer = PgBouncer::start(direct.as_str(), &format!("{TRANSACTION}{more}")).await?;
    for (program, kind, args) in [
        ("worker", Kind::Worker, &["jobs", "requeue", &id][..]),
        ("worker", Kind::Worker, &["jobs", "discard", &id]),
        ("worker", Kind::Worker, &["secrets", "list"]),
        ("worker", Kind::Worker, &["migrate"]),
        ("api", Kind::Api, &["clients", "list"]),
        ("api", Kind::Api, &["keys", "list"]),
    ] {
        // What is queued again fails again.
        assert_eq!(client.finished_job(&id, SOON).await?["status"], "dead");
        let settings = stack.settings(kind).with("DATABASE_URL", bouncer.url());
        let output = run_to_end(program, args, &settings)?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), keeps_statements, "{args:?}: {said}");
        let cure = "max_prepared_statements = 200";
        assert!(keeps_statements || said.contains(cure), "{args:?}: {said}");
        assert_eq!(lock_timeouts(&bouncer).await?, ["0", "0"], "{args:?}: {said}");
    }
    stack.done().await
}
