//! A conversation with one api, written down.

use anyhow::{Context, Result};
use e2e::{Answer, Client, Instants, Stack, raw_request};
use reqwest::{Method, RequestBuilder};

use super::{keep, shown};

/// What was said to an api, and what it answered.
pub(super) struct Conversation {
    client: Client,
    instants: Instants,
    keys: usize,
    text: String,
}

impl Conversation {
    /// A new one. Its keys are k1, k2 and so on.
    pub(super) fn with(client: Client) -> Self {
        Self { client, instants: Instants::default(), keys: 0, text: String::new() }
    }

    /// From here on somebody else speaks.
    pub(super) fn speaker(&mut self, client: Client) {
        self.client = client;
    }

    /// A request to be completed by the caller.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path)
    }

    /// A submission to be completed by the caller.
    pub(super) fn submission(&self, key: &str, path: &str, body: &str) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// Submits under the next key.
    pub(super) async fn post(&mut self, path: &str, body: &str) -> Result<Answer> {
        let key = self.next_key();
        self.post_as(&key, path, body).await
    }

    /// Submits under a key.
    pub(super) async fn post_as(&mut self, key: &str, path: &str, body: &str) -> Result<Answer> {
        self.send(self.submission(key, path, body)).await
    }

    /// Submits under the next key, with a `Prefer` header.
    pub(super) async fn prefer(&mut self, prefer: &str, path: &str, body: &str) -> Result<Answer> {
        let key = self.next_key();
        self.send(self.submission(&key, path, body).header("prefer", prefer)).await
    }

    /// Submits under the next key what other tests have shown. It must succeed, and is not written
    /// down.
    pub(super) async fn prepare(&mut self, path: &str, body: &str) -> Result<()> {
        let key = self.next_key();
        let answer = self.client.send(self.submission(&key, path, body)).await?;
        anyhow::ensure!(answer.status < 300, "{answer}");
        Ok(())
    }

    /// GET.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a request.
    pub(super) async fn send(&mut self, request: RequestBuilder) -> Result<Answer> {
        let sent = request.try_clone().context("a body that cannot be shown")?.build()?;
        let answer = self.client.send(request).await?;
        self.heard(&shown::request(&sent), &answer);
        Ok(answer)
    }

    /// Sends bytes that no client library would send.
    pub(super) async fn raw(&mut self, text: &str) -> Result<()> {
        let answer = raw_request(self.client.address()?, text.as_bytes()).await?;
        self.heard(&shown::asked(text), &answer);
        Ok(())
    }

    /// Writes down an answer that was got by other means.
    pub(super) fn heard(&mut self, asked: &str, answer: &Answer) {
        self.write(asked);
        self.write(&shown::answer(answer));
    }

    /// Says what has changed since the last answer.
    pub(super) fn remark(&mut self, text: &str) {
        self.write(&format!("# {text}\n\n"));
    }

    /// Writes down any other text.
    pub(super) fn write(&mut self, text: &str) {
        let text = self.instants.redact(text);
        self.text.push_str(&text);
    }

    /// Ends the stack, and compares all that was said with the file of that name. In this order: of
    /// a stack that has not ended its logs are printed, and they would bury the difference.
    pub(super) async fn end(self, stack: Stack, name: &str) -> Result<()> {
        stack.done().await?;
        keep(name, &self.text);
        Ok(())
    }

    fn next_key(&mut self) -> String {
        self.keys += 1;
        format!("k{}", self.keys)
    }
}
