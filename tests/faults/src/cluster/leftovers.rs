//! What is left in Redis when the queue is drained. It should be nothing.

use super::redis::Redis;
use crate::checker::Leftovers;
use anyhow::Result;

impl Redis {
    /// Everything in Redis beside the records of finished jobs and the names of workers.
    pub async fn leftovers(&self) -> Result<Leftovers> {
        let mut connection = self.connection().await?;
        let mut leftovers = Leftovers::default();
        let keys: Vec<String> =
            redis::cmd("KEYS").arg("commerce:*").query_async(&mut connection).await?;
        for key in keys {
            let size = match key.as_str() {
                "commerce:active" => "LLEN",
                "commerce:scheduled" => "ZCARD",
                "commerce:dead" => "SCARD",
                _ if key.starts_with("commerce:inflight:") => "SCARD",
                _ => "",
            };
            if !size.is_empty() {
                let size: u64 = redis::cmd(size).arg(&key).query_async(&mut connection).await?;
                leftovers.tasks.extend((size > 0).then_some((key, size)));
            } else if let Some(job) = key.strip_prefix("commerce:job:") {
                let mut letter = redis::cmd("GETRANGE");
                letter.arg(&key).arg(0).arg(0);
                let state: String = letter.query_async(&mut connection).await?;
                // Neither succeeded, nor failed, nor let go of because the command log will tell,
                // nor deleted meanwhile.
                if !["s", "f", "r", ""].contains(&state.as_str()) {
                    leftovers.unfinished.push((job.to_owned(), state));
                }
            }
        }
        Ok(leftovers)
    }
}
