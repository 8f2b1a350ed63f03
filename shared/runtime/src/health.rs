//! The health of a process and of the services that it depends on.

use crate::clock;
use contract::view::timestamp;
use queue::Queue;
use serde::Serialize;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use store::Database;
use tokio::time::timeout;
use utoipa::ToSchema;

/// The time within which Postgres and Redis must answer, or they count as down.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The answer to `GET /health`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
    database: &'static str,
    redis: &'static str,
    #[schema(format = DateTime)]
    timestamp: String,
}

impl Health {
    /// Pings Postgres and Redis at the same time.
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

    /// Whether Postgres and Redis are up.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }
}

/// Requests the health of the process at `address`, for the `health` subcommand. With it an image
/// needs no other program for its health check.
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
