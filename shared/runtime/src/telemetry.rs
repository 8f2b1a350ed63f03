//! The output of logs and metrics. The code that does the work decides what is logged and counted.

use crate::log_writer::{self, Lines};
use crate::settings::{LogFormat, Logs};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, stderr};
use std::panic::{self, PanicHookInfo};
use std::thread;
use std::time::Duration;
use tokio::time::interval;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The buckets for durations of requests and jobs, in seconds: from half a millisecond to half a
/// minute.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// The buckets for sizes of batches: powers of two.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The reason why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The filter makes no sense.
    #[error("RUST_LOG is not a filter: {0}")]
    Filter(#[from] ParseError),
    /// The thread that writes could not be started.
    #[error("cannot start the thread that writes logs: {0}")]
    Thread(#[from] io::Error),
}

/// Sends log lines to standard error, panics included. `main` calls it once, before anything else.
pub fn init_logs(logs: &Logs) -> Result<(), LogsError> {
    // apalis logs every start and stop of a worker, and sqlx logs every notice of Postgres. Our own
    // code logs those that matter. A panic is always logged.
    let quiet = ",apalis_core=warn,apalis_redis=warn,apalis_cron=warn,sqlx::postgres::notice=warn,\
                 panic=error";
    let filter = EnvFilter::try_new(format!("{}{quiet}", logs.rust_log))?;
    log_writer::start()?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Lines);
    match logs.log_format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Logs a panic like anything else. The hook of the standard library would wait for standard error.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| backtrace.to_string());
    tracing::error!(target: "panic", backtrace, "{panic}");
    // Such a panic may end the process.
    if thread::current().name() == Some("main") {
        log_writer::flush();
    }
}

/// Ends the process at once, with its last log lines.
pub(crate) fn exit(code: i32) -> ! {
    log_writer::flush();
    std::process::exit(code)
}

/// The interval at which histograms are condensed. They stay small even if nobody scrapes them.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The content type of [`Metrics::render`].
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Metrics that nothing is counted in, for an api inside of another program, such as a test.
    #[must_use]
    pub fn unrecorded() -> Self {
        Self(PrometheusBuilder::new().build_recorder().handle())
    }

    /// The metrics, in the format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        metrics::counter!("commerce_log_lines_lost_total").absolute(log_writer::lines_lost());
        self.0.render()
    }
}

/// Starts to collect the metrics of the process. Call it once, inside the runtime of tokio.
pub fn init_metrics(binary: &'static str) -> Result<Metrics, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES)?
        .install_recorder()?;
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("commerce_build_info", "binary" => binary, "version" => version).set(1.0);
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut ticks = interval(UPKEEP_INTERVAL);
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(Metrics(handle))
}
