//! Is the memory of Redis flat, when it may forget answers soon?

use crate::driver::{Extent, Pace};
use crate::loads::Subscribe;
use crate::scenario::{Bench, drive};
use crate::stack::Servers;
use anyhow::{Context, Result};
use e2e::Settings;

/// Commands between two looks.
const STEP: u64 = 50_000;
const CONNECTIONS: usize = 64;

/// Sends very many commands and looks at Redis now and then.
pub(super) async fn run(bench: &mut Bench) -> Result<Vec<(u64, f64)>> {
    bench.stack.stop().await?;
    bench.stack.tuning = Settings::default().with("IDEMPOTENCY_TTL_SECONDS", 1);
    bench.stack.need(Servers::Product { workers: 1 }).await?;
    let mut found = vec![(0, bench.stack.redis.used_mib().await?)];
    let mut sent = 0;
    while sent < bench.options.long_count {
        let users = bench.stack.database.users(i64::try_from(STEP)?).await?;
        let load = Subscribe { users, run: bench.next_run(), no_wait: false, left: Some(STEP) };
        let extent = Extent::UntilDone;
        let sample = drive(&bench.stack, CONNECTIONS, Pace::Closed, extent, Box::new(load)).await?;
        sample.invalid.map_or(Ok(()), |why| Err(anyhow::anyhow!(why))).context("many commands")?;
        sent += STEP;
        found.push((sent, bench.stack.redis.used_mib().await?));
    }
    bench.stack.stop().await?;
    bench.stack.tuning = Settings::default();
    Ok(found)
}
