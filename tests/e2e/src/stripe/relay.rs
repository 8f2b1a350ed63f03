//! The relay before localstripe. It keeps idempotency keys, which localstripe does not know, has
//! what happens between a worker and Stripe go wrong in the middle, and keeps webhooks until the
//! test delivers them.
//!
//! Two more things of Stripe localstripe does not know: `return_url`, which is left out, and a card
//! that needs its user for a payment, but was set up already. Who sets up such a card confirms it
//! at once, as he does in the page of a shop that hands it over.

use super::idempotency::{Kept, Keys, Known};
use super::local::LocalStripe;
use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use support::free_address;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The longest body.
const BODY_MAX: usize = 1 << 20;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is done, and answered after that long.
    Late(Duration),
    /// It is done, localstripe is killed, and the connection is cut. Whoever sends it again has the
    /// answer.
    Cut,
    /// It is done, localstripe is killed, and the answer is 500, however often it is sent again.
    Fails,
}

/// A request that a worker has made.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method and the path.
    pub line: String,
    /// The idempotency key.
    pub key: Option<String>,
    /// The form.
    pub form: String,
    /// Whether it was answered by its key.
    pub is_known: bool,
}

/// A webhook of localstripe, which it has signed.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The header `Stripe-Signature`.
    pub signature: String,
    /// The body.
    pub body: String,
    /// The event in it.
    pub event: Value,
}

/// The relay, which ends when this is dropped.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    local: Arc<LocalStripe>,
    keys: Mutex<Keys>,
    /// What happens to the next requests of which paths.
    mishaps: Mutex<Vec<(String, Mishap)>>,
    asked: Mutex<Vec<Asked>>,
    webhooks: Mutex<Vec<Webhook>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Relay {
    /// Listens on a free port.
    pub(super) async fn start(local: Arc<LocalStripe>) -> Result<Self> {
        let listener = TcpListener::bind(free_address()?).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            local,
            keys: Mutex::default(),
            mishaps: Mutex::default(),
            asked: Mutex::default(),
            webhooks: Mutex::default(),
        });
        let routes = Router::new().fallback(handle).with_state(shared.clone());
        let task = tokio::spawn(async move {
            // It has no end but that of its task.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, shared, task })
    }

    /// The base of Stripe's API for workers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has that happen to the next POST of that path that is new.
    pub fn next(&self, path: &str, mishap: Mishap) {
        locked(&self.shared.mishaps).push((path.to_owned(), mishap));
    }

    /// The requests of workers whose method and path begin so.
    #[must_use]
    pub fn asked(&self, line: &str) -> Vec<Asked> {
        let asked = locked(&self.shared.asked);
        asked.iter().filter(|asked| asked.line.starts_with(line)).cloned().collect()
    }

    /// The webhooks that localstripe has sent, the oldest first.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Webhook> {
        locked(&self.shared.webhooks).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if parts.uri.path() == "/webhooks" {
        return shared.keep(&parts.headers, &body).into_response();
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let text = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let call = Call {
        method: parts.method,
        path,
        authorization: text("authorization").unwrap_or_default(),
        key: text("idempotency-key"),
        form: String::from_utf8_lossy(&body).into_owned(),
    };
    // Stripe goes on with what nobody waits for any more.
    match tokio::spawn(shared.answer(call)).await {
        Ok(response) => response,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A request.
struct Call {
    method: Method,
    path: String,
    authorization: String,
    key: Option<String>,
    form: String,
}

impl Shared {
    async fn answer(self: Arc<Self>, call: Call) -> Response {
        let key = call.key.clone().filter(|_| call.method == Method::POST);
        let known = key.as_ref().map_or(Known::New, |key| {
            let request = format!("{} {}", call.path, call.form);
            locked(&self.keys).begin(key, &request, Instant::now())
        });
        locked(&self.asked).push(Asked {
            line: format!("{} {}", call.method, call.path),
            key: call.key.clone(),
            form: call.form.clone(),
            is_known: known != Known::New,
        });
        match known {
            Known::New => {}
            Known::Answered(answer) => {
                return ([("Idempotent-Replayed", "true")], shown(answer)).into_response();
            }
            Known::Running => return refusal(409, "idempotency_key_in_use"),
            Known::Other => return refusal(400, "idempotency_error"),
        }
        let mishap = self.mishap(&call);
        let Ok(mut answer) = self.forward(&call).await else {
            if let Some(key) = &key {
                locked(&self.keys).forget(key);
            }
            return (StatusCode::SERVICE_UNAVAILABLE, "nobody is there").into_response();
        };
        if mishap == Some(Mishap::Fails) {
            answer = Kept { status: 500, body: br#"{"error":{"type":"api_error"}}"#.to_vec() };
        }
        if let Some(key) = &key {
            locked(&self.keys).end(key, &answer);
        }
        match mishap {
            None => {}
            Some(Mishap::Late(time)) => sleep(time).await,
            Some(Mishap::Cut | Mishap::Fails) => self.local.kill(),
        }
        if mishap == Some(Mishap::Cut) { cut() } else { shown(answer) }
    }

    fn mishap(&self, call: &Call) -> Option<Mishap> {
        let mut mishaps = locked(&self.mishaps);
        let of = |(path, _): &(String, Mishap)| call.method == Method::POST && *path == call.path;
        let at = mishaps.iter().position(of)?;
        Some(mishaps.remove(at).1)
    }

    /// Asks localstripe.
    async fn forward(&self, call: &Call) -> Result<Kept> {
        let first = self.ask(call, call.form.clone()).await?;
        let confirms = call.path.starts_with("/v1/setup_intents/");
        let waits = serde_json::from_slice(&first.body)
            .is_ok_and(|shown: Value| shown.get("status") == Some(&json!("requires_action")));
        if confirms && waits { self.ask(call, String::new()).await } else { Ok(first) }
    }

    async fn ask(&self, call: &Call, form: String) -> Result<Kept> {
        let parameters = form.split('&').filter(|pair| !pair.starts_with("return_url="));
        let form = parameters.collect::<Vec<_>>().join("&");
        let url = format!("{}{}", self.local.url(), call.path);
        let request = self.local.http().request(call.method.clone(), url);
        let request = request.header("authorization", &call.authorization);
        let request = match call.method {
            Method::POST => {
                request.header("content-type", "application/x-www-form-urlencoded").body(form)
            }
            _ => request,
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok(Kept { status, body: response.bytes().await?.to_vec() })
    }

    fn keep(&self, headers: &HeaderMap, body: &Bytes) -> StatusCode {
        let read = || -> Result<Webhook> {
            let signature = headers.get("stripe-signature").context("no signature")?;
            let signature = signature.to_str()?.to_owned();
            let body = String::from_utf8(body.to_vec())?;
            let event = serde_json::from_str(&body)?;
            Ok(Webhook { signature, body, event })
        };
        match read() {
            Ok(webhook) => {
                locked(&self.webhooks).push(webhook);
                StatusCode::OK
            }
            Err(_) => StatusCode::BAD_REQUEST,
        }
    }
}

fn shown(Kept { status, body }: Kept) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [("content-type", "application/json")], body).into_response()
}

fn refusal(status: u16, code: &str) -> Response {
    let body = json!({"error": {"type": "idempotency_error", "code": code}}).to_string();
    shown(Kept { status, body: body.into_bytes() })
}

/// An answer whose connection ends before its body does.
fn cut() -> Response {
    let end = Err::<Bytes, _>(Error::from(ErrorKind::ConnectionReset));
    Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), end])).into_response()
}
