//! Sends one request to one api, and records it with its answer or error.

use crate::history::{Exchange, Phase, Recorder, Reply, Request, Submission};
use anyhow::Result;
use domain::{ClientId, IdempotencyKey, job_id};
use e2e::Client;
use reqwest::Method;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The apis that clients send requests to.
#[derive(Clone)]
pub struct Apis {
    clients: Vec<Client>,
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
    /// The apis at `addresses`.
    pub fn new(addresses: &[SocketAddr], recorder: Arc<Recorder>) -> Result<Self> {
        let clients = addresses.iter().map(|address| Client::new(*address));
        Ok(Self { clients: clients.collect::<Result<_>>()?, recorder })
    }

    /// The number of apis.
    #[must_use]
    pub fn count(&self) -> usize {
        self.clients.len()
    }

    /// Submits a command.
    pub async fn submit(&self, what: &Arc<Submission>, manner: Manner) -> Option<Reply> {
        self.ask(Method::POST, what.path, Request::Submit(what.clone()), manner).await
    }

    /// Gets the job of a key.
    pub async fn look(&self, key: &str, manner: Manner) -> Option<Reply> {
        let parsed = IdempotencyKey::parse(key.as_bytes()).ok()?;
        let path = format!("/jobs/{}?wait=1", job_id(ClientId::LOCAL, &parsed));
        self.ask(Method::GET, &path, Request::Job { key: key.to_owned() }, manner).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        request: Request,
        manner: Manner,
    ) -> Option<Reply> {
        let Manner { client, phase, api, prefer, patience } = manner;
        let http = self.clients.get(api % self.count())?;
        let mut call = http.request(method, path).timeout(patience);
        if let Request::Submit(what) = &request {
            call = call
                .header("idempotency-key", &what.key)
                .header("content-type", "application/json")
                .body(what.body.clone());
        }
        if let Some(prefer) = prefer {
            call = call.header("prefer", prefer);
        }
        let sent_us = self.recorder.now_us();
        let answer = http.send(call).await;
        let answered_us = self.recorder.now_us();
        let error = answer.as_ref().err().map(|error| format!("{error:#}"));
        let reply = answer.ok().map(|answer| Reply {
            status: answer.status,
            replayed: answer.replayed(),
            body: answer.text(),
        });
        let api = api % self.count();
        let told = reply.clone();
        self.recorder.add(Exchange {
            client,
            api,
            phase,
            request,
            sent_us,
            answered_us,
            reply,
            error,
        });
        told
    }
}
