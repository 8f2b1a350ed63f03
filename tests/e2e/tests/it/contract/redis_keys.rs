//! The keys of Redis, as an operator sees them.

use std::{fmt::Write, time::Duration};

use anyhow::Result;
use e2e::{Stack, eventually};
use redis::aio::MultiplexedConnection;

use super::conversation::Conversation;

const SOON: Duration = Duration::from_secs(30);

/// Writes down the names of all keys in order, with their types, and whether they go by themselves.
///
/// The note of a worker gets its end within a second of the worker's start. That is waited for.
pub(super) async fn write_keys(talk: &mut Conversation, stack: &mut Stack) -> Result<()> {
    let mut redis = stack.redis().connect().await?;
    let keys = eventually("the worker is settled", SOON, async || {
        let keys = keys(&mut redis).await?;
        let new = keys.lines().any(|key| key.contains(":metadata:") && key.ends_with("stays"));
        Ok((!new).then_some(keys))
    })
    .await?;
    talk.write(&format!("> KEYS *\n{keys}\n"));
    Ok(())
}

async fn keys(redis: &mut MultiplexedConnection) -> Result<String> {
    let mut names: Vec<String> = redis::cmd("KEYS").arg("*").query_async(redis).await?;
    names.sort();
    let mut text = String::new();
    for name in names {
        let kind: String = redis::cmd("TYPE").arg(&name).query_async(redis).await?;
        let ttl: i64 = redis::cmd("TTL").arg(&name).query_async(redis).await?;
        let end = if ttl < 0 { "stays" } else { "expires" };
        writeln!(text, "{} {kind} {end}", without_worker(&name))?;
    }
    Ok(text)
}

/// A worker draws its name anew at each start.
fn without_worker(name: &str) -> String {
    match name.split_once(":worker-") {
        Some((before, worker)) => {
            let drawn = worker.bytes().take_while(u8::is_ascii_hexdigit).count();
            format!("{before}:worker-[uuid]{}", worker.split_at(drawn).1)
        }
        None => name.to_owned(),
    }
}
