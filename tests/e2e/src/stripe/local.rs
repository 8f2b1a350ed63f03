//! localstripe as a process, which may be killed and started again with the objects that it had.

use crate::{Process, Settings, eventually_true};
use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use support::{free_address, log_tail, log_text};
use tokio::net::TcpStream;

/// The key of its API. Every key is good that begins so.
pub const API_KEY: &str = "sk_test_e2e";

/// The types of events that it tells.
const TOLD: [&str; 2] = ["payment_intent.succeeded", "payment_intent.payment_failed"];

/// The folder of the workspace.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The server.
pub struct LocalStripe {
    address: SocketAddr,
    python: PathBuf,
    objects: PathBuf,
    log: PathBuf,
    http: Client,
    process: Mutex<Option<Process>>,
    told: Mutex<Option<String>>,
}

impl LocalStripe {
    /// A server that does not run yet, with its files in that folder.
    pub fn new(folder: &Path) -> Result<Self> {
        let python = Path::new(WORKSPACE).join(".data/localstripe/bin/python");
        ensure!(
            python.exists(),
            "localstripe is not installed: run scripts/localstripe. It needs Python 3 with venv \
             (on Debian: apt install python3-venv) and PyPI"
        );
        Ok(Self {
            address: free_address()?,
            python,
            objects: folder.join("objects"),
            log: folder.join("localstripe.log"),
            http: crate::client::http().no_proxy().timeout(Duration::from_secs(20)).build()?,
            process: Mutex::default(),
            told: Mutex::default(),
        })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What requests to it are built by.
    pub(super) const fn http(&self) -> &Client {
        &self.http
    }

    /// Starts it, and waits until it serves.
    pub async fn resume(&self) -> Result<()> {
        let script = Path::new(WORKSPACE).join("scripts/stripe/serve.py");
        let args = [script, self.address.port().to_string().into(), self.objects.clone()];
        let args = args.map(|arg| arg.display().to_string());
        let process = Process::spawn(&self.python, &args, &Settings::default(), &self.log)?;
        *self.process() = Some(process);
        eventually_true("localstripe serves", Duration::from_secs(30), async || {
            let ended = self.process().as_mut().map(Process::try_exit).transpose()?.flatten();
            ensure!(ended.is_none(), "it has ended: {}", log_tail(&self.log, 20));
            Ok(TcpStream::connect(self.address).await.is_ok())
        })
        .await?;
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match told {
            Some(url) => self.tell(&url).await,
            None => Ok(()),
        }
    }

    /// Kills it. It knows what it has answered, and what it was about to tell is lost.
    pub fn kill(&self) {
        *self.process() = None;
    }

    /// Waits until it was killed.
    pub async fn until_killed(&self) -> Result<()> {
        eventually_true("localstripe is killed", Duration::from_secs(30), async || {
            Ok(self.process().is_none())
        })
        .await
    }

    /// Has it tell what happens to that URL.
    pub async fn tell(&self, url: &str) -> Result<()> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
        let webhook = json!({"url": url, "secret": super::WEBHOOK_SECRET, "events": TOLD});
        let request = self.http.post(format!("{}/_config/webhooks/e2e", self.url()));
        request.json(&webhook).send().await?.error_for_status()?;
        Ok(())
    }

    /// What a path shows.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.ask(self.http.get(format!("{}{path}", self.url()))).await
    }

    /// The objects of a list, however many there are.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let page = self.get(&format!("{path}?limit=1000")).await?;
        let data = page.get("data").and_then(Value::as_array);
        data.cloned().with_context(|| format!("no list: {page}"))
    }

    /// What a form that is sent makes.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Value> {
        self.ask(self.http.post(format!("{}{path}", self.url())).form(form)).await
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value> {
        let response = request.bearer_auth(API_KEY).send().await?;
        let (status, url) = (response.status(), response.url().clone());
        let body = response.text().await?;
        ensure!(status.is_success(), "{url}: {status} {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// Its log, over all its starts.
    #[must_use]
    pub fn log_text(&self) -> String {
        log_text(&self.log)
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
