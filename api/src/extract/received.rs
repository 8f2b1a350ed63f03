//! Reads bodies of submissions, bounded in size, in time, and in memory.

use crate::api_error::ApiError;
use crate::extract::body::malformed;
use axum::body::{Body, BodyDataStream};
use contract::ProblemKind;
use futures::StreamExt;
use std::ops::Deref;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// The largest body that is accepted, in bytes. Every valid body is far smaller. An answer can name
/// what a body contained, so this also bounds the size of an answer.
const LENGTH_MAX: usize = 64 * 1024;

/// The most bytes of a too large body that are read before it is refused. A client that is still
/// sending might otherwise not read the refusal.
const DRAIN_MAX: usize = 4 * 1024 * 1024;

/// The time within which a body must arrive. No honest client needs longer for bodies this small.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest body that always finds a place. Valid ones are far smaller.
const SMALL_MAX: usize = 4 * 1024;

/// The larger bodies that are read at once. It bounds their memory, at 16 MiB.
const LARGE_AT_ONCE_MAX: usize = 256;

/// The places for bodies that are not small.
pub(crate) struct LargeBodies(Semaphore);

impl Default for LargeBodies {
    fn default() -> Self {
        Self(Semaphore::new(LARGE_AT_ONCE_MAX))
    }
}

/// The bytes of a body, and its place if it is not small.
pub(crate) struct Received<'a> {
    bytes: Vec<u8>,
    _place: Option<SemaphorePermit<'a>>,
}

impl Deref for Received<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the body of a submission. Call it also when the request is refused for another reason: a
/// connection with an unread body cannot carry another request.
pub(crate) async fn read_body(body: Body, large: &LargeBodies) -> Result<Received<'_>, ApiError> {
    let read = timeout(READ_TIMEOUT, read_bounded(body.into_data_stream(), large)).await;
    read.map_err(|_| malformed("The body did not arrive in time."))?
}

async fn read_bounded(
    mut chunks: BodyDataStream,
    large: &LargeBodies,
) -> Result<Received<'_>, ApiError> {
    let (mut bytes, mut length, mut place) = (Vec::new(), 0, None);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| malformed("The body did not arrive whole."))?;
        length += chunk.len();
        if length > DRAIN_MAX {
            break;
        }
        if length > SMALL_MAX && place.is_none() {
            place = Some(large.0.try_acquire().map_err(|_| overloaded())?);
            bytes.reserve_exact(LENGTH_MAX.saturating_sub(bytes.len()));
        }
        if length <= LENGTH_MAX {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > LENGTH_MAX {
        let detail = format!("A body has at most {LENGTH_MAX} bytes.");
        return Err(ApiError::new(ProblemKind::PayloadTooLarge, detail));
    }
    Ok(Received { bytes, _place: place })
}

fn overloaded() -> ApiError {
    ApiError::new(ProblemKind::Overloaded, "Too many large bodies are being read.").retry_after(1)
}
