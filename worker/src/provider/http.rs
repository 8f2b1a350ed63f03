//! Requests to providers, and what is known when one fails.

use super::Reply;
use anyhow::Context;
use reqwest::{Client, RequestBuilder, StatusCode};
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest body that is read.
const BODY_MAX: usize = 4 << 20;

/// A client that follows no redirect. Environment variables name no proxy for an address without
/// TLS, which is one of ours.
pub(super) fn client(base: &str, timeout: Duration) -> anyhow::Result<Client> {
    // Fails if there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .redirect(reqwest::redirect::Policy::none());
    let client = if base.starts_with("https://") { client } else { client.no_proxy() };
    client.build().context("cannot make requests to the provider of payments")
}

/// Sends a request and reads the answer. What did not get so far as to be sent is unsent.
pub(super) async fn send(request: RequestBuilder) -> Reply<(StatusCode, String)> {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Reply::Unsent(chain(&error));
        }
        Err(error) => return Reply::Unknown(chain(&error)),
    };
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= BODY_MAX => body.extend(chunk),
            Ok(Some(_)) => return Reply::Unknown("its answer is too long".to_owned()),
            Ok(None) => break,
            Err(error) => return Reply::Unknown(chain(&error)),
        }
    }
    match String::from_utf8(body) {
        Ok(body) => Reply::Said((response.status(), body)),
        Err(_) => Reply::Unknown("its answer is no text".to_owned()),
    }
}

/// The error with its causes, without the URL, which may have a password.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.status().map_or_else(|| "request failed".to_owned(), |s| s.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    if error.is_timeout() { format!("{text}: timed out") } else { text }
}
