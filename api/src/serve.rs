//! The api process: it starts everything, serves until it is asked to stop, and then answers the
//! requests that are under way.

use crate::router::router;
use crate::settings::Settings;
use crate::state::ApiState;
use anyhow::Context;
use axum::serve::ListenerExt;
use runtime::{bootstrap, shutdown, telemetry};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// Serves until the process is asked to stop.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let limit = settings.validate()?;
    let stop = shutdown::on_signal()?;
    let metrics = telemetry::init_metrics("api")?;
    let services = bootstrap::connect(&settings.postgres, &settings.redis).await?;
    let address = settings.api_addr;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen at {address} (API_ADDR)"))?
        // An answer is one small packet. Without this the kernel may hold it back to join it with
        // the next one.
        .tap_io(|stream| drop(stream.set_nodelay(true)));

    let state = ApiState::new(services, &settings, limit, metrics, stop.clone());
    let routes = router(state).into_make_service_with_connect_info::<SocketAddr>();
    tracing::info!(%address, "api is ready");
    let served =
        axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        sleep(shutdown::DEADLINE).await;
    };
    tokio::select! {
        ended = served => ended.context("cannot serve")?,
        () = overdue => tracing::warn!("stopping with requests unanswered"),
    }
    tracing::info!("api has stopped");
    Ok(())
}
