//! The table `transactions`, which is the command log. Postgres numbers its rows.

use super::{bytes, fit, hex_text, inconsistent};
use crate::StoreError;
use crate::beside::LateAnswer;
use domain::{
    Answer, Answered, ClientId, Fingerprint, IdempotencyKey, Instant, JobId, LogEntry, Operation,
    Origin, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct TransactionRow<'a> {
    job_id: Uuid,
    client_id: i64,
    origin: Cow<'a, str>,
    idempotency_key: Cow<'a, str>,
    /// As Postgres writes bytes: `\x` and two hexadecimal digits for each.
    fingerprint: Cow<'a, str>,
    operation: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<i64>,
    /// Null, like the next one and `finished_at`, until an effect has brought the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    attempts: i32,
    submitted_at: Instant,
    decided_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Instant>,
}

/// The part of the statement of a batch that writes entries of the command log: see `changes.rs`.
macro_rules! write_transactions {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            " INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint,
                                      operation, input, user_id, entity_id, status, body,
                                      attempts, submitted_at, decided_at, finished_at)
            SELECT job_id, client_id, origin, idempotency_key, fingerprint, operation, input,
                   user_id, entity_id, status, body, attempts, submitted_at, decided_at,
                   finished_at
            FROM json_populate_recordset(NULL::transactions, $5::text::json)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_transactions;

impl<'a> TryFrom<&'a LogEntry> for TransactionRow<'a> {
    type Error = StoreError;

    fn try_from(entry: &'a LogEntry) -> Result<Self, StoreError> {
        let answer = entry.answer();
        let input = entry.input.clone().map(RawValue::from_string).transpose();
        let unwritable = StoreError::Unwritable { table: "transactions", column: "input" };
        Ok(Self {
            job_id: entry.job.get(),
            client_id: entry.client.get(),
            origin: entry.origin.as_str().into(),
            idempotency_key: entry.key.as_str().into(),
            fingerprint: hex_text(entry.fingerprint.as_bytes()).into(),
            operation: entry.operation.as_str().into(),
            input: input.map_err(|_| unwritable)?,
            user_id: entry.user.map(UserId::get),
            entity_id: entry.entity,
            status: answer.map(status).transpose()?,
            body: answer.map(|answer| answer.body.as_str().into()),
            attempts: fit(entry.attempts, "transactions", "attempts")?,
            submitted_at: entry.submitted_at,
            decided_at: entry.decided_at,
            finished_at: entry.answered.as_ref().map(|answered| answered.at),
        })
    }
}

/// The columns of an answer that an entry is given later.
#[derive(Serialize)]
pub(crate) struct LateAnswerRow<'a> {
    client_id: i64,
    job_id: Uuid,
    status: i16,
    body: &'a str,
    finished_at: Instant,
    entity_id: Option<i64>,
}

impl<'a> TryFrom<&'a LateAnswer> for LateAnswerRow<'a> {
    type Error = StoreError;

    fn try_from(settlement: &'a LateAnswer) -> Result<Self, StoreError> {
        let LateAnswer { client, job, entity, answered } = settlement;
        Ok(Self {
            client_id: client.get(),
            job_id: job.get(),
            status: status(&answered.answer)?,
            body: &answered.answer.body,
            finished_at: answered.at,
            entity_id: *entity,
        })
    }
}

/// The column of the status of an answer.
fn status(answer: &Answer) -> Result<i16, StoreError> {
    fit(answer.status, "transactions", "status")
}

impl TryFrom<TransactionRow<'_>> for LogEntry {
    type Error = StoreError;

    fn try_from(row: TransactionRow<'_>) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("transactions", column, row.job_id);
        let answered = match (row.status, row.body, row.finished_at) {
            (None, None, None) => None,
            (Some(status), Some(body), Some(at)) => {
                let status = u16::try_from(status).map_err(|_| unknown("status"))?;
                Some(Answered { answer: Answer { status, body: body.into_owned() }, at })
            }
            _ => return Err(unknown("status")),
        };
        Ok(Self {
            job: JobId::new(row.job_id),
            client: ClientId::new(row.client_id),
            origin: Origin::parse(&row.origin).ok_or_else(|| unknown("origin"))?,
            key: IdempotencyKey::parse(row.idempotency_key.as_bytes())
                .map_err(|_| unknown("idempotency_key"))?,
            fingerprint: bytes(&row.fingerprint)
                .and_then(|bytes| Fingerprint::from_bytes(&bytes))
                .ok_or_else(|| unknown("fingerprint"))?,
            operation: Operation::parse(&row.operation).ok_or_else(|| unknown("operation"))?,
            input: row.input.map(|input| input.get().to_owned()),
            user: row.user_id.map(UserId::new),
            entity: row.entity_id,
            answered,
            attempts: u32::try_from(row.attempts).map_err(|_| unknown("attempts"))?,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
        })
    }
}
