//! An api: its router, asked without a network.

use anyhow::{Context, Result};
use api::{ApiState, settings::Settings};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Uri};
use e2e::{Answer, Client, Transport};
use queue::Queue;
use runtime::JobKeyring;
use runtime::telemetry::Metrics;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;
use support::Database;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections to Postgres that an api has, as it comes.
const CONNECTIONS_MAX: u32 = 8;

/// Beyond every wait of the contract (30 s): a request that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// An api with connections of its own, as if it had a process of its own.
pub(crate) struct Api {
    router: Router,
    stop: CancellationToken,
}

impl Api {
    /// Starts one.
    pub(super) async fn start(database: &Database, settings: &Settings) -> Result<Self> {
        let limit = settings.validate()?;
        let queue = Queue::connect(settings.redis.queue()).await?;
        let store = database.store_of(CONNECTIONS_MAX);
        let services = (store.clone(), queue, JobKeyring::read(store).await?);
        let stop = CancellationToken::new();
        let state = ApiState::new(services, settings, limit, Metrics::unrecorded(), stop.clone());
        Ok(Self { router: api::router(state), stop })
    }

    /// A client of it, on that machine.
    pub(super) fn client(&self, machine: Ipv4Addr) -> Client {
        let peer = SocketAddr::from((machine, 50_000));
        Client::by(Caller { router: self.router.clone(), peer })
    }

    /// Lets it go.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }
}

/// Calls a router as a server does for its peer.
struct Caller {
    router: Router,
    peer: SocketAddr,
}

impl Transport for Caller {
    fn send(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = Result<Answer>> + Send + '_>> {
        Box::pin(async move {
            let label = Answer::label(&request);
            let request = received(request, self.peer)?;
            let answered = timeout(PATIENCE, self.router.clone().oneshot(request)).await;
            let (head, body) = answered.context("no answer")??.into_parts();
            let body = to_bytes(body, usize::MAX).await?.to_vec();
            Ok(Answer { request: label, status: head.status.as_u16(), headers: head.headers, body })
        })
    }
}

/// A request as a server hands it on: its target is a path, and it knows its peer.
fn received(request: reqwest::Request, peer: SocketAddr) -> Result<Request<Body>> {
    let mut request = Request::<reqwest::Body>::try_from(request)?.map(Body::new);
    let target = request.uri().path_and_query().context("a request without a path")?;
    *request.uri_mut() = Uri::from(target.clone());
    request.extensions_mut().insert(ConnectInfo(peer));
    Ok(request)
}
