//! Whether a process and what it depends on are well.

use crate::clock;
use contract::view::timestamp;
use queue::Queue;
use serde::Serialize;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use store::Database;
use tokio::time::timeout;

/// A dependency that does not answer within this time is down.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// What `GET /health` answers.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    database: &'static str,
    redis: &'static str,
    timestamp: String,
}

impl Health {
    /// Asks Postgres and Redis, both at once.
    pub async fn check(database: &Database, queue: &Queue) -> Self {
        let (postgres, redis) = tokio::join!(
            timeout(ANSWER_TIMEOUT, database.ping()),
            timeout(ANSWER_TIMEOUT, queue.ping()),
        );
        let (postgres, redis) = (matches!(postgres, Ok(Ok(()))), matches!(redis, Ok(Ok(()))));
        let word = |up| if up { "up" } else { "down" };
        Self {
            status: if postgres && redis { "healthy" } else { "unhealthy" },
            database: word(postgres),
            redis: word(redis),
            timestamp: timestamp(clock::now()),
        }
    }

    /// Whether everything is up.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }
}

/// Asks the process at `address` for its health, for the `health` subcommand: an image needs no
/// other program to be checked.
pub fn probe(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(2 * ANSWER_TIMEOUT))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(io::Error::other(answer.lines().next().unwrap_or("no answer").to_owned()))
}
