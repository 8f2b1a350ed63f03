//! A client of one api (or of the page of one `worker`).

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use reqwest::{Method, Request, RequestBuilder, header};
use serde_json::Value;

use crate::answer::Answer;

/// Beyond every wait of the contract (30 s): a request that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

static KEYS: AtomicU64 = AtomicU64::new(1);

/// An idempotency key not used before in this test.
#[must_use]
pub fn fresh_key() -> String {
    format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

/// What carries the requests of a client: HTTP, or a call within one process.
pub trait Transport: Send + Sync {
    /// Sends a request and reads the whole answer.
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer>> + Send + '_>>;
}

/// Speaks HTTP over TCP.
impl Transport for reqwest::Client {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer>> + Send + '_>> {
        Box::pin(async move {
            let label = Answer::label(&request);
            let response = self.execute(request).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.bytes().await?.to_vec();
            Ok(Answer { request: label, status, headers, body })
        })
    }
}

/// A builder of clients. It needs ciphers, because the worker has the feature of reqwest for TLS
/// and Cargo gives both the same.
pub(crate) fn http() -> reqwest::ClientBuilder {
    // Fails if there are some already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// Asks one api; cheap to clone.
#[derive(Clone)]
pub struct Client {
    /// What requests are built by.
    http: reqwest::Client,
    transport: Arc<dyn Transport>,
    address: Option<SocketAddr>,
    api_key: Option<String>,
}

impl Client {
    /// A client of `address` without an API key.
    pub fn new(address: SocketAddr) -> Result<Self> {
        let http = http().no_proxy().timeout(PATIENCE).build()?;
        let transport = Arc::new(http.clone());
        Ok(Self { http, transport, address: Some(address), api_key: None })
    }

    /// A client that asks by other means than HTTP.
    #[must_use]
    pub fn by(transport: impl Transport + 'static) -> Self {
        let transport = Arc::new(transport);
        let http = http().build().unwrap_or_default();
        Self { http, transport, address: None, api_key: None }
    }

    /// The same client with an API key.
    #[must_use]
    pub fn with_api_key(&self, key: &str) -> Self {
        Self { api_key: Some(key.to_owned()), ..self.clone() }
    }

    /// Where it sends to.
    pub fn address(&self) -> Result<SocketAddr> {
        self.address.context("this client does not use the network")
    }

    /// A request to be completed by the caller and handed to [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let host = self.address.map_or_else(|| "api".to_owned(), |address| address.to_string());
        let request = self.http.request(method, format!("http://{host}{path}"));
        match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let request = request.build()?;
        let label = Answer::label(&request);
        self.transport.send(request).await.context(label)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// A submission with this idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer> {
        self.post_text(path, key, body.to_string()).await
    }

    /// A submission whose body is exactly this text.
    pub async fn post_text(&self, path: &str, key: &str, body: String) -> Result<Answer> {
        self.send(self.submission(path, key, body)).await
    }

    /// A submission with a `Prefer` header.
    pub async fn post_preferring(
        &self,
        prefer: &str,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<Answer> {
        self.send(self.submission(path, key, body.to_string()).header("prefer", prefer)).await
    }

    fn submission(&self, path: &str, key: &str, body: String) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
    }
}
