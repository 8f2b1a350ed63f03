//! Problem documents (RFC 9457). Every error is written as one, by the api and in stored answers.

use serde::Serialize;
use serde_json::{Map, Value};

/// The kinds of problems. The code, status and advice of each are part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below says what each one means")]
pub enum ProblemKind {
    // Before admission: nothing happened and the key is still free.
    MalformedJson,
    InvalidRequest,
    IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    Unauthenticated,
    InsufficientScope,
    RouteNotFound,
    JobNotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    UnsupportedMediaType,
    IdempotencyKeyReused,
    RateLimited,
    QueueFull,
    QueueUnavailable,
    StorageUnavailable,
    Internal,
    // Decided by the business rules: committed and replayed.
    UserNotFound,
    GifterNotFound,
    SubscriptionNotFound,
    GiftNotFound,
    EmailTaken,
    AlreadySubscribed,
    SubscriptionNotActive,
    GiftNotRecipient,
    GiftAlreadyRedeemed,
    GiftExpired,
    UnknownPlan,
    DurationNotMultiple,
    TermTooLong,
    // The job was given up.
    ProcessingFailed,
}

/// The advice to a client that gets a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// The client may send the same request again with the same key, after `Retry-After` where it
    /// is given.
    SameKey,
    /// The answer is final for this key. A new intent needs a new key.
    NewKey,
    /// The client must correct the request first. The key is still free.
    No,
}

impl ProblemKind {
    /// The status, stable code, title and advice of each kind, in one table.
    const fn row(self) -> (u16, &'static str, &'static str, Advice) {
        use Advice::{NewKey, No, SameKey};
        match self {
            Self::MalformedJson => (400, "malformed_json", "The body is not valid JSON", No),
            Self::InvalidRequest => (400, "invalid_request", "The request is not valid", No),
            Self::IdempotencyKeyMissing => {
                (400, "idempotency_key_missing", "The Idempotency-Key header is missing", No)
            }
            Self::IdempotencyKeyInvalid => {
                (400, "idempotency_key_invalid", "The Idempotency-Key header is not valid", No)
            }
            Self::Unauthenticated => (401, "unauthenticated", "A valid API key is needed", No),
            Self::InsufficientScope => {
                (403, "insufficient_scope", "The API key does not allow this", No)
            }
            Self::RouteNotFound => (404, "route_not_found", "There is nothing at this path", No),
            Self::JobNotFound => (404, "job_not_found", "There is no such job", SameKey),
            Self::MethodNotAllowed => {
                (405, "method_not_allowed", "The path does not know this method", No)
            }
            Self::PayloadTooLarge => (413, "payload_too_large", "The body is too large", No),
            Self::UnsupportedMediaType => {
                (415, "unsupported_media_type", "The body must be application/json", No)
            }
            Self::IdempotencyKeyReused => {
                (422, "idempotency_key_reused", "The key was used for another request", NewKey)
            }
            Self::RateLimited => (429, "rate_limited", "Too many requests", SameKey),
            Self::QueueFull => (503, "queue_full", "The queue is full", SameKey),
            Self::QueueUnavailable => {
                (503, "queue_unavailable", "The queue cannot be reached", SameKey)
            }
            Self::StorageUnavailable => {
                (503, "storage_unavailable", "The database cannot be reached", SameKey)
            }
            Self::Internal => (500, "internal", "Something went wrong on our side", SameKey),
            Self::UserNotFound => (404, "user_not_found", "There is no such user", NewKey),
            Self::GifterNotFound => (404, "gifter_not_found", "There is no such gifter", NewKey),
            Self::SubscriptionNotFound => {
                (404, "subscription_not_found", "There is no such subscription", NewKey)
            }
            Self::GiftNotFound => (404, "gift_not_found", "There is no such gift", NewKey),
            Self::EmailTaken => (409, "email_taken", "The email belongs to another user", NewKey),
            Self::AlreadySubscribed => {
                (409, "already_subscribed", "The user has an active subscription", NewKey)
            }
            Self::SubscriptionNotActive => {
                (409, "subscription_not_active", "The subscription is not active", NewKey)
            }
            Self::GiftNotRecipient => {
                (403, "gift_not_recipient", "The gift is for somebody else", NewKey)
            }
            Self::GiftAlreadyRedeemed => {
                (409, "gift_already_redeemed", "The gift has been redeemed", NewKey)
            }
            Self::GiftExpired => (410, "gift_expired", "The gift has expired", NewKey),
            Self::UnknownPlan => (422, "unknown_plan", "There is no such plan", NewKey),
            Self::DurationNotMultiple => {
                (422, "duration_not_multiple", "The duration does not fit the plan", NewKey)
            }
            Self::TermTooLong => (422, "term_too_long", "The term would end too late", NewKey),
            Self::ProcessingFailed => {
                (503, "processing_failed", "The command could not be processed", SameKey)
            }
        }
    }

    /// The HTTP status of problems of this kind.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().0
    }

    /// The stable code, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().1
    }
}

/// A problem document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// The URI of its kind: `/problems/` and the code with dashes.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The title, which is the same for every problem of its kind.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The explanation of this case. It never contains internals.
    pub detail: String,
    /// The stable code, for programs.
    pub code: &'static str,
    /// The job that it is about, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Every invalid field, for invalid input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The advice to the client.
    pub retry: Advice,
    /// The members that only problems of its kind have.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The error of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The name of the field.
    pub field: String,
    /// The error, worded to be read after the name.
    pub message: String,
}

impl Problem {
    /// A problem of that kind; `detail` says what happened in this case.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let (status, code, title, retry) = kind.row();
        Self {
            type_uri: format!("/problems/{}", code.replace('_', "-")),
            title,
            status,
            detail: detail.into(),
            code,
            instance: None,
            errors: Vec::new(),
            retry,
            extra: Map::new(),
        }
    }

    /// Adds a member that only problems of its kind have.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// Names the job that the problem is about.
    #[must_use]
    pub fn about_job(mut self, job: domain::JobId) -> Self {
        self.instance = Some(format!("/jobs/{job}"));
        self
    }

    /// Adds the invalid fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// The document as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
