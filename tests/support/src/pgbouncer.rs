//! A `PgBouncer` of one test, before the Postgres of the tests.

use crate::{Process, Settings, eventually_true, free_address, fresh_folder};
use anyhow::{Context, Result};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;
use tokio::net::TcpStream;

/// A running `PgBouncer`, which ends when this is dropped.
pub struct PgBouncer {
    url: String,
    folder: PathBuf,
    _process: Process,
}

impl PgBouncer {
    /// The release from which it keeps prepared statements in transaction mode.
    pub const KEEPS_STATEMENTS: (u32, u32) = (1, 21);

    /// Its version, such as `(1, 21)`; `None` where there is no `pgbouncer` in the PATH.
    #[must_use]
    pub fn version() -> Option<(u32, u32)> {
        let output = Command::new("pgbouncer").arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut numbers = text.split_whitespace().nth(1)?.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    }

    /// Starts one before the database of `url`, with `settings` of the section `[pgbouncer]`.
    pub async fn start(url: &str, settings: &str) -> Result<Self> {
        let target = PgConnectOptions::from_str(url)?;
        let address = free_address()?;
        let folder = fresh_folder("pgbouncer")?;
        let user = format!("\"{}\" \"{}\"\n", target.get_username(), password(url));
        fs::write(folder.join("users"), user)?;
        fs::write(
            folder.join("config"),
            format!(
                "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = {}\n\
                 listen_port = {}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
                 {settings}\n",
                target.get_host(),
                target.get_port(),
                address.ip(),
                address.port(),
                folder.join("users").display(),
            ),
        )?;
        let process = Process::spawn(
            &program()?,
            &arguments(&folder)?,
            &Settings::default(),
            &folder.join("log"),
        )?;
        let listens = async || Ok(TcpStream::connect(address).await.is_ok());
        eventually_true("PgBouncer listens", Duration::from_secs(10), listens)
            .await
            .with_context(|| crate::log_text(&folder.join("log")))?;
        let options = target.host(&address.ip().to_string()).port(address.port());
        Ok(Self { url: options.to_url_lossy().to_string(), folder, _process: process })
    }

    /// The URL of the database by way of it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where it is. A process of a test has no PATH of its own.
fn program() -> Result<PathBuf> {
    let found = Command::new("sh").args(["-c", "command -v pgbouncer"]).output()?;
    Ok(PathBuf::from(String::from_utf8(found.stdout)?.trim()))
}

/// It refuses to run as root, and becomes somebody else then.
fn arguments(folder: &Path) -> Result<Vec<String>> {
    let mut arguments = vec![folder.join("config").display().to_string()];
    if Command::new("id").arg("-u").output()?.stdout.starts_with(b"0\n") {
        arguments.extend(["-u".to_owned(), "nobody".to_owned()]);
    }
    Ok(arguments)
}

/// The password in a URL of Postgres.
fn password(url: &str) -> &str {
    let user = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = user.rsplit_once('@').map_or("", |(user, _)| user);
    user.split_once(':').map_or("", |(_, password)| password)
}
