//! One connection, from its first byte to its last.

use super::activity::Phase;
use super::body::{AnswerBody, RequestBody};
use super::connections::{Member, Room};
use super::refusal;
use super::stream::Stream;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpStream;

/// The most bytes of a head: the request line and all headers.
const HEAD_MAX: usize = 32 * 1024;

/// Serves one connection.
pub(super) async fn converse(tcp: TcpStream, member: Arc<Member>, answer: Answer) {
    // An answer is one small packet. Without this the kernel may hold it back to join it with the
    // next one.
    let _ = tcp.set_nodelay(true);
    let stream = TokioIo::new(Stream::new(tcp, member.clone()));
    let service = service_fn(|request| answer.to(request, member.clone()));
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(HEAD_MAX)
        .max_buf_size(HEAD_MAX)
        .serve_connection(stream, service);
    let mut served = pin!(served);
    loop {
        tokio::select! {
            biased;
            // What went wrong with a connection is its client's affair.
            _ = served.as_mut() => return,
            () = member.activity.ending() => {}
        }
        if member.activity.now().0 == Phase::Closing {
            return;
        }
        served.as_mut().graceful_shutdown();
    }
}

/// What answers the requests of a connection.
pub(super) struct Answer {
    pub(super) routes: Router,
    pub(super) peer: SocketAddr,
    pub(super) room: Room,
}

impl Answer {
    async fn to(
        &self,
        mut request: Request<Incoming>,
        member: Arc<Member>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        member.begun(!request.body().is_end_stream());
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // Who expects to be told first does not send its body.
        let is_sending = !request.headers().contains_key(header::EXPECT);
        let activity = member.activity.clone();
        let (head, incoming) = request.into_parts();
        let (body, rest) = RequestBody::new(incoming, activity.clone());
        let mut response = self.of_routes(Request::from_parts(head, body)).await;
        if let Some(rest) = rest.filter(|_| is_sending && activity.is_unread()) {
            rest.drop().await;
        }
        // What is left of a body is in the way of another request, and who found no room for this
        // one may find some for the next.
        if activity.is_unread() || self.room == Room::Spare {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        activity.answers();
        Ok(response.map(|body| AnswerBody { body, activity }))
    }

    async fn of_routes(&self, request: Request<RequestBody>) -> Response {
        if self.room == Room::Spare && request.uri().path() != "/health" {
            return refusal::overloaded();
        }
        let answered = TowerToHyperService::new(self.routes.clone()).call(request.map(Body::new));
        answered.await.unwrap_or_else(|never| match never {})
    }
}
