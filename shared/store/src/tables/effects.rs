//! The table `effects`. Leases and instants in it are real time, by Postgres's clock.

use super::{from_json, inconsistent, to_json};
use crate::StoreError;
use crate::beside::Progress;
use crate::effects::{Claim, LEASE};
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
    lease_seconds: Option<f64>,
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

/// How far a claimed effect is: its task, or none if it is done.
#[derive(Serialize)]
pub(crate) struct ProgressRow<'a> {
    client_id: i64,
    id: Uuid,
    holder: Uuid,
    task: Option<&'a EffectTask>,
    lease_seconds: f64,
}

impl<'a> From<&(&'a Effect, Option<Claim>)> for NewEffectRow<'a> {
    fn from((effect, claim): &(&'a Effect, Option<Claim>)) -> Self {
        let Effect { id, client, job, task } = effect;
        let (client_id, id, job_id) = (client.get(), id.get(), job.get());
        let (holder, lease_seconds) =
            claim.map(|claim| (claim.holder, LEASE.as_secs_f64())).unzip();
        Self { client_id, id, job_id, task, holder, lease_seconds }
    }
}

impl<'a> From<&(Claim, Progress<'a>)> for ProgressRow<'a> {
    fn from((claim, progress): &(Claim, Progress<'a>)) -> Self {
        let Claim { client, id, holder } = *claim;
        let (client_id, id, lease_seconds) = (client.get(), id.get(), LEASE.as_secs_f64());
        let task = match progress {
            Progress::GoesOn(task) => Some(*task),
            Progress::Done => None,
        };
        Self { client_id, id, holder, task, lease_seconds }
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
