//! What came back from a request, and checks that say where they failed.

use std::panic::Location;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Request, header::HeaderMap};
use serde_json::Value;

use crate::shape::text_of;

/// A whole HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request it answers, for messages.
    pub request: String,
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// What a request is called in messages.
    #[must_use]
    pub fn label(request: &Request) -> String {
        format!("{} {}", request.method(), request.url().path())
    }

    /// A header that occurs exactly once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(first)
    }

    /// A header that must hold a whole number.
    #[track_caller]
    pub fn number(&self, name: &str) -> Result<u64> {
        let at = Location::caller();
        let value = self.header(name).with_context(|| format!("{at}: no {name} in {self}"))?;
        value.parse().with_context(|| format!("{at}: {name}: {value}"))
    }

    /// Whether it says that it is a replay.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// It is `first` again, byte for byte, and says that it is a replay.
    #[track_caller]
    pub fn ensure_replay_of(&self, first: &Self) -> Result<()> {
        let at = Location::caller();
        let same = |name| self.header(name) == first.header(name);
        ensure!(
            self.status == first.status && self.body == first.body && same("content-type"),
            "{at}: wanted {first}, got {self}"
        );
        ensure!(self.replayed(), "{at}: not marked as a replay: {self}");
        Ok(())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of an `application/json` answer with this status.
    #[track_caller]
    pub fn json(&self, status: u16) -> Result<Value> {
        self.typed_json(status, "application/json", Location::caller())
    }

    /// The problem document of an error, complete and consistent with itself.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Result<Value> {
        let at = Location::caller();
        let problem = self.typed_json(status, "application/problem+json", at)?;
        let found = problem.get("code").and_then(Value::as_str);
        ensure!(found == Some(code), "{at}: wanted code {code}, got {self}");
        let stated = problem.get("status").and_then(Value::as_u64);
        ensure!(stated == Some(status.into()), "{at}: status member of {self}");
        for member in ["type", "title", "detail"] {
            let text = text_of(&problem, member).with_context(|| format!("{at}: {self}"))?;
            ensure!(!text.is_empty(), "{at}: empty {member} in {self}");
        }
        let slug = format!("/problems/{}", code.replace('_', "-"));
        ensure!(text_of(&problem, "type")?.ends_with(&slug), "{at}: not {slug} in {self}");
        Ok(problem)
    }

    /// The problem document of a refusal: the job's outcome, so it names the job.
    #[track_caller]
    pub fn refusal(&self, status: u16, code: &str) -> Result<Value> {
        let at = Location::caller();
        let problem = self.problem(status, code)?;
        let instance = problem.get("instance").and_then(Value::as_str).unwrap_or_default();
        ensure!(instance.starts_with("/jobs/"), "{at}: no job as instance in {self}");
        Ok(problem)
    }

    /// The fields that an `invalid_request` complains of, in order of the alphabet.
    #[track_caller]
    pub fn invalid_fields(&self) -> Result<Vec<String>> {
        let at = Location::caller();
        let problem = self.problem(400, "invalid_request")?;
        let errors = problem.get("errors").and_then(Value::as_array);
        let errors = errors.with_context(|| format!("{at}: no errors[] in {self}"))?;
        let mut fields = Vec::new();
        for error in errors {
            let message = text_of(error, "message").with_context(|| format!("{at}: {self}"))?;
            ensure!(!message.is_empty(), "{at}: an error without message in {self}");
            let field = text_of(error, "field").with_context(|| format!("{at}: {self}"))?;
            fields.push(field.to_owned());
        }
        fields.sort();
        Ok(fields)
    }

    fn typed_json(&self, status: u16, kind: &str, at: &Location<'_>) -> Result<Value> {
        if self.status != status {
            bail!("{at}: wanted {status}, got {self}");
        }
        let found = self.header("content-type").unwrap_or_default();
        ensure!(found == kind, "{at}: wanted {kind}, got {found} in {self}");
        serde_json::from_slice(&self.body).with_context(|| format!("{at}: not JSON: {self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.text().chars().take(2_000).collect();
        write!(out, "{} -> {} {body}", self.request, self.status)
    }
}
