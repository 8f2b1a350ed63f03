//! Calls that requests share: while some are under way, those who come meanwhile wait for the next, which
//! serves them all. Alone, a request is served at once; in a crowd, the cost of a call is shared.
//!
//! It does not know what is called.

use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

/// Longer than any one call may take: who waits longer has waited for the calls of others.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the answer to a request goes.
type Place<O, E> = oneshot::Sender<Result<O, GatherError<E>>>;

/// Where requests come together. Its calls end with it.
pub struct Gather<I, O, E>(mpsc::Sender<(I, Place<O, E>)>);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum GatherError<E> {
    /// The call failed, for all who shared it.
    #[error(transparent)]
    Failed(Arc<E>),
    /// Calls take so long that it was not worth waiting for one's own.
    #[error("calls take too long")]
    Overdue,
    /// The call came to no end: our own code failed.
    #[error("a call was lost")]
    Lost,
}

impl<I, O, E> Gather<I, O, E>
where
    I: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    /// Requests that `call` answers, each in its place: at most `size` at once, in at most `lanes` calls
    /// at once.
    pub fn new<F, C>(size: usize, lanes: usize, call: C) -> Self
    where
        F: Future<Output = Result<Vec<O>, E>> + Send,
        C: Fn(Vec<I>) -> F + Clone + Send + 'static,
    {
        let (gather, waiting) = mpsc::channel::<(I, Place<O, E>)>(size);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..lanes {
            let (waiting, call) = (waiting.clone(), call.clone());
            tokio::spawn(async move {
                let mut crowd = Vec::with_capacity(size);
                while waiting.lock().await.recv_many(&mut crowd, size).await > 0 {
                    let here = crowd.drain(..).filter(|(_, place)| !place.is_closed());
                    let (inputs, places): (Vec<I>, Vec<_>) = here.unzip();
                    if !inputs.is_empty() {
                        let called = AssertUnwindSafe(call(inputs)).catch_unwind().await;
                        // After a panic the places are dropped unanswered.
                        let _ = called.map(|answers| tell(places, answers));
                    }
                }
            });
        }
        Self(gather)
    }

    /// Asks together with whoever else asks.
    pub async fn call(&self, input: I) -> Result<O, GatherError<E>> {
        let (place, answer) = oneshot::channel();
        let answered = async {
            self.0.send((input, place)).await.map_err(|_| GatherError::Lost)?;
            answer.await.map_err(|_| GatherError::Lost)?
        };
        timeout(PATIENCE, answered).await.unwrap_or(Err(GatherError::Overdue))
    }
}

/// Whoever has left meanwhile needs no answer.
fn tell<O, E>(places: Vec<Place<O, E>>, answers: Result<Vec<O>, E>) {
    match answers {
        Ok(answers) => {
            for (place, answer) in places.into_iter().zip(answers) {
                let _ = place.send(Ok(answer));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for place in places {
                let _ = place.send(Err(GatherError::Failed(error.clone())));
            }
        }
    }
}
