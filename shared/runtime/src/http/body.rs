//! Bodies of requests and answers, which note how far they are.

use super::activity::Activity;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The most bytes that are read of a body that nobody wants, and for how long.
const DROP_MAX: usize = 64 * 1024;
const DROP_TIMEOUT: Duration = Duration::from_millis(250);

/// The body of a request.
pub(super) struct RequestBody {
    incoming: Option<Incoming>,
    activity: Arc<Activity>,
    /// Where what is left of it goes in the end.
    rest: Option<oneshot::Sender<Incoming>>,
}

/// What the handler has left of a body.
pub(super) struct Rest {
    incoming: oneshot::Receiver<Incoming>,
    activity: Arc<Activity>,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, activity: Arc<Activity>) -> (Self, Option<Rest>) {
        let (mut sender, mut rest) = (None, None);
        if !incoming.is_end_stream() {
            let (send, incoming) = oneshot::channel();
            sender = Some(send);
            rest = Some(Rest { incoming, activity: activity.clone() });
        }
        (Self { incoming: Some(incoming), activity, rest: sender }, rest)
    }
}

impl Rest {
    /// Reads it, so that its connection can carry another request. Nothing of it is kept, and
    /// little is waited for.
    pub(super) async fn drop(mut self) {
        let Ok(incoming) = self.incoming.try_recv() else { return };
        let mut body =
            RequestBody { incoming: Some(incoming), activity: self.activity, rest: None };
        let read = async {
            let mut left = DROP_MAX;
            while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(rest) = left.checked_sub(length) else { return };
                left = rest;
            }
        };
        let _ = timeout(DROP_TIMEOUT, read).await;
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *incoming).poll_frame(cx);
        match &polled {
            Poll::Pending => this.activity.awaits_body(),
            Poll::Ready(Some(_)) if !incoming.is_end_stream() => {}
            Poll::Ready(_) => this.activity.body_ended(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.activity.body_dropped();
        if let (Some(rest), Some(incoming)) = (self.rest.take(), self.incoming.take()) {
            drop(rest.send(incoming));
        }
    }
}

/// The body of an answer.
pub(super) struct AnswerBody {
    pub(super) body: Body,
    pub(super) activity: Arc<Activity>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.activity.answered();
    }
}
