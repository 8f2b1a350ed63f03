//! The health of a process and of the services that it depends on.

use crate::clock;
use contract::view::timestamp;
use queue::Queue;
use serde::Serialize;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use store::{Database, StoreError};
use tokio::time::timeout;
use utoipa::ToSchema;

/// The time within which Postgres and Redis must answer, or they count as down. It leaves room for
/// a connection to Redis that is found to be silent and replaced.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// The reason of a service that does not answer.
const SILENT: Option<&str> = Some("it does not answer");

/// The answer to `GET /health`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
    database: &'static str,
    redis: &'static str,
    /// Why it is not healthy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<String>,
    #[schema(format = DateTime)]
    timestamp: String,
}

impl Health {
    /// Asks Postgres and Redis at the same time whether they take writes.
    pub async fn check(database: &Database, queue: &Queue) -> Self {
        let (postgres, redis) = tokio::join!(
            timeout(ANSWER_TIMEOUT, lack_of_postgres(database)),
            timeout(ANSWER_TIMEOUT, async { queue.check().await.err().map(|e| e.reason()) }),
        );
        let (postgres, redis) = (postgres.unwrap_or(SILENT), redis.unwrap_or(SILENT));
        let word = |lack: Option<_>| if lack.is_none() { "up" } else { "down" };
        let reasons: Vec<String> = [("Postgres", postgres), ("Redis", redis)]
            .into_iter()
            .filter_map(|(service, lack)| Some(format!("{service}: {}", lack?)))
            .collect();
        Self {
            status: if reasons.is_empty() { "healthy" } else { "unhealthy" },
            database: word(postgres),
            redis: word(redis),
            reasons,
            timestamp: timestamp(clock::now()),
        }
    }

    /// Whether Postgres and Redis can be used.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }
}

/// Why Postgres cannot be used.
async fn lack_of_postgres(database: &Database) -> Option<&'static str> {
    match database.takes_writes().await {
        Ok(true) => None,
        Ok(false) => Some("it takes no writes: it is a standby, or set to be read only"),
        Err(StoreError::Unavailable(_)) => Some("it cannot be reached"),
        Err(_) => Some("it refuses our statements"),
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
