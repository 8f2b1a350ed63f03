//! The table `effects`. Leases and instants in it are real time, by Postgres's clock.

use super::{from_json, inconsistent, to_json};
use crate::StoreError;
use domain::{ClientId, Effect, EffectId, EffectTask, JobId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// An effect that is written with what caused it.
#[derive(Serialize)]
pub(crate) struct NewEffectRow<'a> {
    client_id: i64,
    id: Uuid,
    job_id: Uuid,
    /// The columns `kind` and `payload`.
    #[serde(flatten)]
    task: &'a EffectTask,
    holder: Option<Uuid>,
}

/// An effect as it is read.
#[derive(Deserialize)]
pub(crate) struct EffectRow {
    client_id: i64,
    id: Uuid,
    kind: String,
    job_id: Uuid,
    payload: Box<RawValue>,
    pub(crate) attempts: i32,
}

impl<'a> NewEffectRow<'a> {
    /// The row of an effect that is claimed by `holder`, if by anybody.
    pub(crate) fn new(effect: &'a Effect, holder: Option<Uuid>) -> Self {
        let Effect { id, client, job, task } = effect;
        let (client_id, id, job_id) = (client.get(), id.get(), job.get());
        Self { client_id, id, job_id, task, holder }
    }
}

impl EffectRow {
    /// The client and the id, which can be read whatever the rest is.
    pub(crate) const fn key(&self) -> (ClientId, EffectId) {
        (ClientId::new(self.client_id), EffectId::new(self.id))
    }
}

impl TryFrom<EffectRow> for Effect {
    type Error = StoreError;

    fn try_from(row: EffectRow) -> Result<Self, StoreError> {
        let unknown = |_| inconsistent("effects", "payload", row.id);
        // In the form in which a task is written.
        let kind = to_json(&row.kind)?;
        let task = format!(r#"{{"kind":{kind},"payload":{}}}"#, row.payload.get());
        Ok(Self {
            id: EffectId::new(row.id),
            client: ClientId::new(row.client_id),
            job: JobId::new(row.job_id),
            task: from_json::<EffectTask>(&task).map_err(unknown)?,
        })
    }
}
