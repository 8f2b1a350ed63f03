//! Coalesced calls: requests that come while a call is under way wait for the next call, which
//! serves all of them. A lone request is served at once. When there are many, they share the cost
//! of a call.
//!
//! This module does not depend on what is called.

#[cfg(test)]
mod tests;

use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

/// The longest wait of a request. It is longer than a call takes that has to be made again on a new
/// connection, so a request that waits longer has waited for the calls of others.
const WAIT_MAX: Duration = Duration::from_secs(4);

/// The channel that takes the answer to the request that waits for it.
type Responder<O, E> = oneshot::Sender<Result<O, CoalesceError<E>>>;

/// Coalesces requests into calls. Its tasks end when it is dropped.
pub struct Coalescer<I, O, E>(mpsc::Sender<(I, Responder<O, E>)>);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CoalesceError<E> {
    /// The call failed. Every request that shared it gets the same error.
    #[error(transparent)]
    Failed(Arc<E>),
    /// The request waited for longer than [`WAIT_MAX`].
    #[error("calls take too long")]
    Overdue,
    /// The call did not return, because our own code failed.
    #[error("a call was lost")]
    Lost,
}

impl<I, O, E> Coalescer<I, O, E>
where
    I: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    /// A coalescer of requests that `call` answers, in their order: at most `size` requests in one
    /// call, and at most `concurrency` calls at once.
    pub fn new<F, C>(size: usize, concurrency: usize, call: C) -> Self
    where
        F: Future<Output = Result<Vec<O>, E>> + Send,
        C: Fn(Vec<I>) -> F + Clone + Send + 'static,
    {
        let (requests, waiting) = mpsc::channel::<(I, Responder<O, E>)>(size);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..concurrency {
            let (waiting, call) = (waiting.clone(), call.clone());
            tokio::spawn(async move {
                let mut batch = Vec::with_capacity(size);
                while waiting.lock().await.recv_many(&mut batch, size).await > 0 {
                    let present = batch.drain(..).filter(|(_, responder)| !responder.is_closed());
                    let (inputs, responders): (Vec<I>, Vec<_>) = present.unzip();
                    if !inputs.is_empty() {
                        let called = AssertUnwindSafe(call(inputs)).catch_unwind().await;
                        // After a panic the responders are dropped unanswered.
                        let _ = called.map(|answers| respond(responders, answers));
                    }
                }
            });
        }
        Self(requests)
    }

    /// Puts `input` into the next call, and returns the answer to it.
    pub async fn call(&self, input: I) -> Result<O, CoalesceError<E>> {
        timeout(WAIT_MAX, self.wait(input)).await.unwrap_or(Err(CoalesceError::Overdue))
    }

    /// The same for who waits as long as calls take: what he would do instead must not go on beside
    /// a call.
    pub async fn wait(&self, input: I) -> Result<O, CoalesceError<E>> {
        let (responder, answer) = oneshot::channel();
        self.0.send((input, responder)).await.map_err(|_| CoalesceError::Lost)?;
        answer.await.map_err(|_| CoalesceError::Lost)?
    }
}

/// Answers each request. A client that has left needs no answer.
fn respond<O, E>(responders: Vec<Responder<O, E>>, answers: Result<Vec<O>, E>) {
    match answers {
        Ok(answers) => {
            for (responder, answer) in responders.into_iter().zip(answers) {
                let _ = responder.send(Ok(answer));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for responder in responders {
                let _ = responder.send(Err(CoalesceError::Failed(error.clone())));
            }
        }
    }
}
