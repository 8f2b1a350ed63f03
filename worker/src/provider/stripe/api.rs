//! Calls of Stripe's API, and what a failure of one tells.

use super::super::Reply;
use super::super::http::{client, send};
use super::read::{ErrorBody, Page};
use domain::DeclineCode;
use reqwest::{Client, RequestBuilder, StatusCode};
use runtime::settings::Secret;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;

/// The version of the API that this code was written for.
const VERSION: &str = "2024-06-20";

/// The declines after which it is of no use to charge the same method again.
const HARD: [&str; 6] = [
    "lost_card",
    "stolen_card",
    "pickup_card",
    "expired_card",
    "invalid_account",
    "authentication_required",
];

/// The API, with a key.
pub(super) struct Api {
    client: Client,
    base: String,
    key: Secret,
}

/// The parameters of a call.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

/// Why a call has failed.
#[derive(Debug)]
pub(in crate::provider) enum Failed {
    /// Stripe has refused it: it was not done.
    Refused(Refused),
    /// It may have been done.
    Unknown(String),
    /// It was not done, and may be done later.
    Unsent(String),
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::provider) struct Refused {
    is_of_card: bool,
    code: Option<String>,
    decline_code: Option<String>,
}

impl Form {
    pub(super) fn add(&mut self, name: &str, value: impl fmt::Display) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    pub(super) fn metadata(&mut self, metadata: &[(&'static str, String)]) {
        for (name, value) in metadata {
            self.add(&format!("metadata[{name}]"), value);
        }
    }
}

impl Api {
    pub(super) fn new(base: &str, key: Secret, timeout: Duration) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { client: client(&base, timeout)?, base, key })
    }

    /// Does something, once for each key.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        Form(form): Form,
    ) -> Result<T, Failed> {
        let request = self.client.post(format!("{}/v1/{path}", self.base));
        self.call(request.header("Idempotency-Key", key).form(&form)).await
    }

    /// Looks at something.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Failed> {
        let mut url = reqwest::Url::parse(&format!("{}/v1/{path}", self.base))
            .map_err(|error| Failed::Unsent(error.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.call(self.client.get(url)).await
    }

    /// Looks at a page of a list, the newest first.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Page<T>, Failed> {
        self.get(path, query).await
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failed> {
        let request = request.bearer_auth(self.key.expose()).header("Stripe-Version", VERSION);
        let (status, body) = match send(request).await {
            Reply::Said(said) => said,
            Reply::Unknown(cause) => return Err(Failed::Unknown(cause)),
            Reply::Unsent(cause) => return Err(Failed::Unsent(cause)),
        };
        if status.is_success() {
            let nonsense = |error| Failed::Unknown(format!("its answer cannot be read: {error}"));
            return serde_json::from_str(&body).map_err(nonsense);
        }
        Err(Failed::of(status, &body))
    }
}

impl Failed {
    /// What that answer tells. Of its text nothing is kept, which may show what was sent.
    fn of(status: StatusCode, body: &str) -> Self {
        let said = format!("it answered {}", status.as_u16());
        let Ok(ErrorBody { error }) = serde_json::from_str(body) else {
            return Self::Unknown(said);
        };
        let is_of_keys = error.kind.as_deref() == Some("idempotency_error");
        match status.as_u16() {
            // Our key is not good for it, or there were too many calls.
            401 | 403 | 429 => Self::Unsent(said),
            // Another call with the same key is under way, or was for something else.
            400 | 409 if is_of_keys => Self::Unknown(said),
            400 | 402 | 404 => Self::Refused(Refused {
                is_of_card: status == StatusCode::PAYMENT_REQUIRED,
                code: error.code,
                decline_code: error.decline_code,
            }),
            _ => Self::Unknown(said),
        }
    }
}

impl Refused {
    /// The refusal as a decline. What is not of the card will be refused again.
    pub(super) fn decline(&self) -> DeclineCode {
        decline(self.decline_code.as_deref(), self.code.as_deref(), self.is_of_card)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it refused: {}", self.decline().code)
    }
}

/// A decline of these codes, the first of which says more.
pub(super) fn decline(
    decline_code: Option<&str>,
    code: Option<&str>,
    is_of_card: bool,
) -> DeclineCode {
    let word = match decline_code.or(code) {
        None if is_of_card => "generic_decline",
        None => "invalid_request",
        Some("card_declined") => "generic_decline",
        Some("payment_intent_authentication_failure") => "authentication_required",
        Some(word) => word,
    };
    let is_hard = !is_of_card || HARD.contains(&word);
    DeclineCode { code: word.to_owned(), is_hard }
}
