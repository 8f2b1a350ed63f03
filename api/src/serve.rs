//! The api process: it starts everything, serves until it is asked to stop, and then answers the
//! requests that are under way.

use crate::router::router;
use crate::settings::Settings;
use crate::state::ApiState;
use anyhow::Context;
use runtime::{JobKeyring, bootstrap, http, shutdown, telemetry};
use store::Program;
use tokio::net::TcpListener;

/// Serves until the process is asked to stop.
pub async fn serve(mut settings: Settings) -> anyhow::Result<()> {
    let (rate_limit, checks) = settings.checked();
    let stop = shutdown::on_signal()?;
    let metrics = telemetry::init_metrics("api")?;
    let connecting = bootstrap::connect(Program::Api, &settings.postgres, &settings.redis, checks);
    let Some((database, queue)) = stop.run_until_cancelled(connecting).await.transpose()? else {
        tracing::info!("api has stopped before it was ready");
        return Ok(());
    };
    let job_keyring = JobKeyring::read(database.clone()).await.context("cannot sign jobs")?;
    let services = (database, queue, job_keyring);
    let address = settings.api_addr;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen at {address} (API_ADDR)"))?;

    let to_postgres = usize::try_from(settings.postgres.database_connections_max)?;
    let connections = http::connections_max(settings.connections_max, to_postgres);
    // A client has a share of the requests that wait, and so of the connections.
    settings.waiters_max = settings.waiters_max.min(connections);
    let state = ApiState::new(services, &settings, rate_limit, metrics, stop.clone());
    tracing::info!(%address, connections, "api is ready");
    http::serve(listener, router(state), connections, stop).await;
    tracing::info!("api has stopped");
    Ok(())
}
