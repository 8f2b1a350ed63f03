//! Sends one request to one api, and records it with its answer or error.

use super::events;
use crate::history::{BankEvent, Exchange, Phase, Recorder, Reply, Request, Submission};
use anyhow::Result;
use domain::{ClientId, IdempotencyKey, job_id};
use e2e::{Answer, Client};
use reqwest::{Method, RequestBuilder};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The apis that clients send requests to.
#[derive(Clone)]
pub struct Apis {
    clients: Vec<Client>,
    /// The test client, and its API key. Everybody else needs none.
    tester: Option<(ClientId, String)>,
    provider: reqwest::Client,
    recorder: Arc<Recorder>,
}

/// The manner in which a request is sent.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// The number of the client.
    pub client: usize,
    /// The phase of the campaign.
    pub phase: Phase,
    /// The number of the api.
    pub api: usize,
    /// The value of the `Prefer` header.
    pub prefer: Option<&'static str>,
    /// The time after which the client gives up.
    pub patience: Duration,
}

impl Apis {
    /// The apis at `addresses`, and the test client that has that API key.
    pub fn new(
        addresses: &[SocketAddr],
        tester: Option<(ClientId, String)>,
        recorder: Arc<Recorder>,
    ) -> Result<Self> {
        let clients = addresses.iter().map(|address| Client::new(*address));
        let provider = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { clients: clients.collect::<Result<_>>()?, tester, provider, recorder })
    }

    /// The number of apis.
    #[must_use]
    pub fn count(&self) -> usize {
        self.clients.len()
    }

    /// Submits a command.
    pub async fn submit(&self, what: &Arc<Submission>, manner: Manner) -> Option<Reply> {
        let http = self.http(what.owner, manner)?;
        let call = http
            .request(Method::POST, what.path)
            .header("idempotency-key", &what.key)
            .header("content-type", "application/json")
            .body(what.body.clone());
        let call = match manner.prefer {
            Some(prefer) => call.header("prefer", prefer),
            None => call,
        };
        self.ask((&http, call), Request::Submit(what.clone()), manner).await
    }

    /// Gets the job of a key.
    pub async fn look(&self, what: &Submission, manner: Manner) -> Option<Reply> {
        let Submission { owner, key, .. } = what;
        let parsed = IdempotencyKey::parse(key.as_bytes()).ok()?;
        let path = format!("/jobs/{}?wait=1", job_id(*owner, &parsed));
        let http = self.http(*owner, manner)?;
        let call = http.request(Method::GET, &path);
        let request = Request::Job { owner: *owner, key: key.clone() };
        self.ask((&http, call), request, manner).await
    }

    /// Gets the clock of the test client.
    pub async fn clock(&self, owner: ClientId, manner: Manner) -> Option<Reply> {
        let http = self.http(owner, manner)?;
        let call = http.request(Method::GET, "/test-clock");
        self.ask((&http, call), Request::Clock { owner }, manner).await
    }

    /// Tells what a bank says, as the provider does. Copies have names of their own.
    pub async fn tell(&self, event: &Arc<BankEvent>, copy: u32, manner: Manner) -> Option<Reply> {
        let (body, signature) = events::signed(event, copy).ok()?;
        // Who signs needs no key.
        let http = self.http(ClientId::LOCAL, manner)?;
        let call = http
            .request(Method::POST, "/provider-webhooks/simulated")
            .header("content-type", "application/json")
            .header("stripe-signature", signature)
            .body(body);
        self.ask((&http, call), Request::Bank(event.clone()), manner).await
    }

    /// Does at the provider what it asks a user for. It may be away: then the user gives up.
    pub async fn act(&self, url: &str, succeeds: bool) {
        let outcome = if succeeds { "succeed" } else { "fail" };
        let body = serde_json::json!({ "outcome": outcome });
        let acting = self.provider.post(url).timeout(Duration::from_secs(3)).json(&body).send();
        // Nobody is told anything by it.
        drop(acting.await);
    }

    fn http(&self, owner: ClientId, manner: Manner) -> Option<Client> {
        let http = self.clients.get(manner.api % self.count())?;
        let tester = self.tester.as_ref().filter(|(tester, _)| *tester == owner);
        Some(tester.map_or_else(|| http.clone(), |(_, key)| http.with_api_key(key)))
    }

    async fn ask(
        &self,
        (http, call): (&Client, RequestBuilder),
        request: Request,
        Manner { client, phase, api, patience, .. }: Manner,
    ) -> Option<Reply> {
        let sent_us = self.recorder.now_us();
        let answer = http.send(call.timeout(patience)).await;
        let answered_us = self.recorder.now_us();
        let error = answer.as_ref().err().map(|error| format!("{error:#}"));
        let reply = answer.ok().as_ref().map(reply);
        let (api, told) = (api % self.count(), reply.clone());
        let asked = Exchange { client, api, phase, request, sent_us, answered_us, reply, error };
        self.recorder.add(asked);
        told
    }
}

fn reply(answer: &Answer) -> Reply {
    Reply { status: answer.status, replayed: answer.replayed(), body: answer.text() }
}
