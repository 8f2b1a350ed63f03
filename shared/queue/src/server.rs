//! What kind of server Redis is, and whether it can do what the queue needs.

use crate::Queue;
use crate::error::{ConnectError, QueueError};
use redis::{FromRedisValue, RedisResult, Script, Value, cmd};
use std::collections::HashMap;
use std::sync::LazyLock;

static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/probe.lua")));

impl Queue {
    /// Checks that Redis is one that the queue can use.
    pub(crate) async fn recognise(&self) -> Result<(), ConnectError> {
        let mut connection = self.connection.clone();
        // Needs no right, and is answered by a server that loads its data, too. A proxy may not
        // know it.
        let hello: RedisResult<HashMap<String, Value>> =
            cmd("HELLO").query_async(&mut connection).await;
        let hello = match hello {
            Err(error) if error.is_io_error() => return Err(QueueError(error).into()),
            answer => answer.unwrap_or_default(),
        };
        let is = |field, word| {
            let said = hello.get(field).cloned().and_then(|v| String::from_redis_value(v).ok());
            said.is_some_and(|said| said == word)
        };
        if is("mode", "cluster") {
            return Err(ConnectError::Cluster);
        }
        if is("mode", "sentinel") {
            return Err(ConnectError::Sentinel);
        }
        if is("role", "replica") {
            return Err(ConnectError::Replica);
        }
        let pong = cmd("PING").query_async::<()>(&mut connection).await.map_err(QueueError);
        pong.map_err(|error| if error.is_loading() { ConnectError::Loading } else { error.into() })
    }

    /// Checks that Redis takes writes.
    pub async fn check(&self) -> Result<(), QueueError> {
        self.connection.invoke::<()>(&PROBE.key(&self.keys.probe)).await?;
        Ok(())
    }
}
