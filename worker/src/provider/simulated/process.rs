//! `worker simulated-provider`: the simulated provider as a process of its own, with a connection
//! of its own to the table of its charges. It tells by webhooks what became of charges.
//!
//! It listens on loopback. On another address only who knows the secret of its webhooks may ask it:
//! what it tells is signed, whoever has asked for the charge. The page of an action is open, since
//! users look at it.

mod traffic;
mod webhooks;

use super::engine::{self, Act, Engine};
use super::wire::{AskedCharge, AskedMethod, AskedRefund};
use crate::provider::Reply;
use anyhow::{Context, ensure};
use axum::extract::{Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use runtime::http;
use runtime::settings::{Postgres, Secret};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use store::Database;
use store::simulated::Durability;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use traffic::Traffic;
pub(super) use webhooks::Manner;
use webhooks::Webhooks;

/// The connections to Postgres.
const TO_POSTGRES: u32 = 4;
/// The connections of workers and users at once.
const CONNECTIONS_MAX: usize = 256;

/// The settings of the process.
#[derive(Debug, Clone, clap::Args)]
pub struct SimulatedProvider {
    /// Where to listen. On any address but loopback --webhook-secret is needed, and workers have
    /// to know it: `SIMULATED_URL=http://worker:SECRET@HOST:PORT`
    #[arg(long, env = "SIMULATED_ADDR", default_value = "127.0.0.1:9292", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Where webhooks are sent to, such as `http://127.0.0.1:8080/provider-webhooks/simulated`;
    /// without it none are sent
    #[arg(long, env = "SIMULATED_WEBHOOK_URL", value_name = "URL")]
    pub webhook_url: Option<String>,

    /// When webhooks are sent: once, when a charge has ended; or, for tests, some before the answer
    /// to the worker, some late, some three times and some never, as follows from the charge
    #[arg(long, env = "SIMULATED_WEBHOOKS", value_enum, default_value_t, value_name = "MANNER")]
    pub webhooks: Manner,

    /// What webhooks are signed with
    #[arg(
        long,
        env = "SIMULATED_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        default_value = ""
    )]
    pub webhook_secret: Secret,

    /// How long the answer to a charge takes at least, as it does of a provider that is far away
    #[arg(long, env = "SIMULATED_ANSWER_MS", default_value_t = 0, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub answer_ms: u64,
}

#[derive(Clone)]
struct Shared {
    engine: Engine,
    webhooks: Webhooks,
    answers_after: Duration,
    traffic: Traffic,
}

/// Serves until the process is asked to stop.
pub async fn run(settings: &SimulatedProvider, postgres: &Postgres) -> anyhow::Result<()> {
    let stop = runtime::shutdown::on_signal()?;
    ensure!(
        settings.listen.ip().is_loopback() || !settings.webhook_secret.expose().is_empty(),
        "{} can be reached by others, who could have any payment settled: listen on loopback \
         (--listen), or set a secret (--webhook-secret)",
        settings.listen
    );
    let url = postgres.database_url.expose();
    let database = Database::new(url, TO_POSTGRES).context("cannot use Postgres (DATABASE_URL)")?;
    let listener = TcpListener::bind(settings.listen).await;
    let listener =
        listener.with_context(|| format!("cannot serve at {} (--listen)", settings.listen))?;
    tracing::info!(address = %settings.listen, "the simulated provider is ready");
    serve(listener, database, settings, stop).await
}

/// Serves there until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    database: Database,
    settings: &SimulatedProvider,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // Its webhooks tell of charges before anything else is committed.
    let engine = Engine::new(database, Durability::Own);
    let webhooks = Webhooks::start(settings, stop.clone())?;
    let is_open = settings.listen.ip().is_loopback();
    let expected = (!is_open).then(|| bearer(settings.webhook_secret.expose()));
    let routes = Router::new()
        .route("/charges", post(charge))
        .route("/charges/{key}", get(look_up))
        .route("/charges/{key}/payment", get(payment_of))
        .route("/charges/{key}/stop", post(stop_charge))
        .route("/methods", post(method))
        .route("/refunds", post(refund))
        .route("/refunds/{key}", get(look_up_refund))
        .layer(from_fn_with_state(expected, of_worker))
        .route("/health", get(health))
        .route("/simulated-provider/actions/{key}", get(show_action).post(act))
        .with_state(Shared {
            engine,
            webhooks,
            answers_after: Duration::from_millis(settings.answer_ms),
            traffic: Traffic::default(),
        });
    let connections = http::connections_max(CONNECTIONS_MAX, usize::try_from(TO_POSTGRES)?);
    http::serve(listener, routes, connections, stop).await;
    Ok(())
}

/// The hash of the header of who knows the secret. Hashes are compared, which takes a time that
/// says nothing of the secret.
fn bearer(secret: &str) -> Hash {
    Sha256::digest(format!("Bearer {secret}")).into()
}

type Hash = [u8; 32];

/// Lets only those in who know the secret, if one is expected.
async fn of_worker(State(expected): State<Option<Hash>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let told: Hash = Sha256::digest(header.unwrap_or_default()).into();
    if expected.is_none_or(|expected| expected == told) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// Why there is no answer.
struct Failed(Box<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tracing::warn!(error = %self.0, "the simulated provider cannot answer");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

type Answer = Result<Response, Failed>;

fn answer<T: Serialize>(reply: Reply<T>) -> Response {
    match reply {
        Reply::Said(said) => Json(said).into_response(),
        Reply::Unknown(_) | Reply::Unsent(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn found<T: Serialize>(reply: Reply<Option<T>>) -> Response {
    match reply {
        Reply::Said(None) => StatusCode::NOT_FOUND.into_response(),
        other => answer(other),
    }
}

/// That it is there, and how many charges were under way at once: whoever tests the bound of a
/// worker asks for that.
async fn health(State(shared): State<Shared>) -> Response {
    Json(json!({ "charges_at_once_max": shared.traffic.most() })).into_response()
}

async fn charge(State(shared): State<Shared>, Json(asked): Json<AskedCharge>) -> Answer {
    let under_way = shared.traffic.enter();
    // It goes on when the worker hangs up, as a provider does.
    let charging = tokio::spawn(async move {
        let (_under_way, least) = (under_way, sleep(shared.answers_after));
        let reply = shared.engine.charge(&asked).await?;
        if let Some(charge) = shared.engine.find(&asked.key).await? {
            shared.webhooks.tell(&asked.key, &charge);
            sleep(shared.webhooks.holds_back(&asked.key)).await;
        }
        least.await;
        Ok::<_, Failed>(reply)
    });
    match charging.await {
        Ok(reply) => Ok(answer(reply?)),
        Err(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

async fn look_up(State(shared): State<Shared>, Path(key): Path<String>) -> Answer {
    Ok(found(shared.engine.look_up(&key).await?))
}

async fn payment_of(State(shared): State<Shared>, Path(key): Path<String>) -> Answer {
    Ok(found(shared.engine.payment_of(&key).await?))
}

async fn stop_charge(State(shared): State<Shared>, Path(key): Path<String>) -> Answer {
    Ok(answer(shared.engine.stop(&key).await?))
}

async fn method(Json(asked): Json<AskedMethod>) -> Response {
    Json(engine::method(&asked)).into_response()
}

async fn refund(State(shared): State<Shared>, Json(asked): Json<AskedRefund>) -> Answer {
    Ok(answer(shared.engine.refund(&asked).await?))
}

async fn look_up_refund(State(shared): State<Shared>, Path(key): Path<String>) -> Answer {
    Ok(found(shared.engine.look_up_refund(&key).await?))
}

/// What a user did.
#[derive(Deserialize)]
struct Acted {
    outcome: Act,
}

async fn act(
    State(shared): State<Shared>,
    Path(key): Path<String>,
    Json(acted): Json<Acted>,
) -> Answer {
    match shared.engine.act(&key, acted.outcome).await? {
        Some(charge) => {
            shared.webhooks.tell(&key, &charge);
            // As the api answers, where workers simulate by themselves.
            Ok(Json(serde_json::json!({ "status": charge.status })).into_response())
        }
        None => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

async fn show_action(State(shared): State<Shared>, Path(key): Path<String>) -> Answer {
    let Some(charge) = shared.engine.find(&key).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let (amount, currency, status) = (charge.amount, &charge.currency, &charge.status);
    Ok(Html(format!(
        r#"<!doctype html><title>Simulated payment</title>
<p>{amount} {currency}: {status}</p>
<button onclick="act('succeed')">Succeed</button> <button onclick="act('fail')">Fail</button>
<script>
const act = (outcome) => fetch(location.href, {{
  method: "POST", headers: {{ "Content-Type": "application/json" }},
  body: JSON.stringify({{ outcome }}) }}).then(() => location.reload());
</script>"#
    ))
    .into_response())
}
