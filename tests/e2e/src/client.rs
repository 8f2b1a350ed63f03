//! A client of one `api` process (or of the page of one `worker`).

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use reqwest::{Method, RequestBuilder, header};
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

/// Speaks HTTP to one address; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    api_key: Option<String>,
}

impl Client {
    /// A client of `address` without an API key.
    pub fn new(address: SocketAddr) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { http, address, api_key: None })
    }

    /// The same client with an API key.
    #[must_use]
    pub fn with_api_key(&self, key: &str) -> Self {
        Self { api_key: Some(key.to_owned()), ..self.clone() }
    }

    /// Where it sends to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request to be completed by the caller and handed to [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("http://{}{path}", self.address));
        match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let request = request.build()?;
        let label = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await.with_context(|| label.clone())?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.with_context(|| label.clone())?.to_vec();
        Ok(Answer { request: label, status, headers, body })
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
