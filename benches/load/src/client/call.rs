//! One request and what came of it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// What the api answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_replay: bool,
    pub(crate) location: Option<String>,
    pub(crate) retry_after_seconds: Option<u64>,
    /// The rate limit's headers; absent when the limit is off.
    pub(crate) limit: Option<u64>,
    pub(crate) limit_remaining: Option<u64>,
    pub(crate) limit_reset_seconds: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, `null` if it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// One request: answered, or why not.
pub(crate) struct Call {
    /// Method and path.
    pub(crate) name: String,
    pub(crate) latency: Duration,
    /// The rate limit turned it away before.
    pub(crate) was_limited: bool,
    pub(crate) result: Result<Answer, String>,
}

impl Call {
    /// The answer, if it has the `status` that the rest of a test is built on.
    pub(crate) fn require(&self, status: u16) -> anyhow::Result<&Answer> {
        match (&self.result, self.fault(status)) {
            (Ok(answer), None) => Ok(answer),
            (_, fault) => bail!(fault.unwrap_or_default()),
        }
    }

    /// The id of what a submission made.
    pub(crate) fn require_id(&self, status: u16) -> anyhow::Result<i64> {
        let body = self.require(status)?.json();
        let id = body.get("id").and_then(Value::as_i64);
        id.with_context(|| format!("{} answered no id: {body}", self.name))
    }

    /// Why this is not an answer with `status`, in words; `None` if it is.
    pub(crate) fn fault(&self, status: u16) -> Option<String> {
        let answer = match &self.result {
            Ok(answer) if answer.status == status => return None,
            Ok(answer) => answer,
            Err(error) => return Some(format!("{}: {error}", self.name)),
        };
        let body = answer.json();
        // A problem has a code; a job and the health page have a status in words.
        let text = |name| body.get(name).and_then(Value::as_str);
        let code = text("code").or(text("status")).unwrap_or("");
        let hint = match answer.status {
            401 => " (give an API key by --api-key or API_KEY)",
            202 => " (not done in time: is a worker running?)",
            429 => " (no time left to wait for the rate limit)",
            _ => "",
        };
        Some(format!("{} answered {} {code} instead of {status}{hint}", self.name, answer.status))
    }

    /// For an answer of the rate limit: how long to wait.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        let answer = self.result.as_ref().ok().filter(|answer| answer.status == 429)?;
        Some(answer.retry_after_seconds.unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(status: u16, body: &str) -> Call {
        let answer = Answer {
            status,
            is_replay: false,
            location: None,
            retry_after_seconds: Some(6),
            limit: None,
            limit_remaining: None,
            limit_reset_seconds: None,
            body: body.as_bytes().to_vec(),
        };
        let (name, latency) = ("POST /renew".to_owned(), Duration::ZERO);
        Call { name, latency, was_limited: false, result: Ok(answer) }
    }

    #[test]
    fn fault_names_the_request_the_status_and_the_code() {
        let fault = call(409, r#"{"code":"subscription_not_active","status":409}"#).fault(200);
        let expected = "POST /renew answered 409 subscription_not_active instead of 200";
        assert_eq!(fault.as_deref(), Some(expected));
        assert_eq!(call(200, "{}").fault(200), None);
    }

    #[test]
    fn only_a_refusal_by_the_rate_limit_is_worth_a_wait() {
        assert_eq!(call(429, "{}").retry_after_seconds(), Some(6));
        assert_eq!(call(503, "{}").retry_after_seconds(), None);
    }

    #[test]
    fn answer_without_an_id_is_an_error() {
        assert_eq!(call(201, r#"{"id":7}"#).require_id(201).ok(), Some(7));
        assert!(call(201, "not json").require_id(201).is_err());
        assert!(call(404, r#"{"id":7}"#).require_id(201).is_err());
    }
}
