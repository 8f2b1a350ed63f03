//! Effects: what is to be done outside of a transaction, or in transactions of its own, once it is
//! committed. An effect is a row, written with what caused it.

use crate::idempotency::custom_uuid;
use crate::{ClientId, Context, Instant, JobId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id of an effect. It is derived, never drawn: see [`Effect::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EffectId(Uuid);

impl EffectId {
    /// The id of that UUID.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    #[must_use]
    pub const fn get(self) -> Uuid {
        self.0
    }
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The id of the effect.
    pub id: EffectId,
    /// The client that it is done for.
    pub client: ClientId,
    /// The job that caused it.
    pub job: JobId,
    /// What is to be done.
    pub task: EffectTask,
}

/// What is to be done, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum EffectTask {
    /// A test clock is led to an instant, by way of all that becomes due until then.
    Clock(Leap),
}

/// How far the advance of a test clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leap {
    /// The instant at which it ends.
    pub to: Instant,
    /// The number of due instants that it has visited.
    pub steps: u64,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Instant>,
}

impl Effect {
    /// The `n`th effect of that kind of the job. Its id is the first 128 bits of SHA-256 over kind,
    /// client, job and `n`, so that a replay makes the same.
    pub(crate) fn new(context: &Context, task: EffectTask, n: u32) -> Self {
        let Context { client, job, .. } = *context;
        // The kind has an end of its own, and all that follows has a length of its own.
        let digest = Sha256::new()
            .chain_update(b"effect/1/")
            .chain_update(task.kind())
            .chain_update(b"\0")
            .chain_update(client.get().to_be_bytes())
            .chain_update(job.get().as_bytes())
            .chain_update(n.to_be_bytes())
            .finalize();
        Self { id: EffectId(custom_uuid(digest)), client, job, task }
    }
}

impl EffectTask {
    /// The kinds that this release knows.
    pub const KINDS: [&str; 1] = ["clock"];

    /// The spelling of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Clock(_) => "clock",
        }
    }
}

impl Leap {
    /// An advance to that instant that has not begun.
    pub(crate) const fn begin(to: Instant) -> Self {
        Self { to, steps: 0, last: None }
    }

    /// The advance after a part of what is due at that instant was done. An instant counts once.
    #[must_use]
    pub fn at(self, instant: Instant) -> Self {
        if self.last == Some(instant) {
            return self;
        }
        Self { steps: self.steps + 1, last: Some(instant), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{JOB, RIVAL, at, context, now};
    use std::collections::HashSet;

    const fn leap(to: Instant) -> EffectTask {
        EffectTask::Clock(Leap::begin(to))
    }

    #[test]
    fn an_id_follows_from_kind_client_job_and_number_and_from_nothing_else() {
        let base = context(now());
        let first = Effect::new(&base, leap(now()), 0);
        let later = Context { now: at("2027-01-01T00:00:00Z"), ..base };
        assert_eq!(Effect::new(&later, leap(later.now), 0).id, first.id);
        let others = [
            Effect::new(&base, leap(now()), 1),
            Effect::new(&Context { client: RIVAL, ..base }, leap(now()), 0),
            Effect::new(&Context { job: JobId::new(Uuid::from_u128(8)), ..base }, leap(now()), 0),
        ];
        let ids: HashSet<_> = others.iter().chain([&first]).map(|effect| effect.id).collect();
        assert_eq!(ids.len(), 4);
        assert_eq!(first.job, JOB);
    }

    /// A release that is started beside this one reads it.
    #[test]
    fn it_is_kept_as_it_always_was() {
        let task = EffectTask::Clock(Leap::begin(at("2026-07-31T08:00:00Z")).at(now()));
        let json = concat!(
            r#"{"kind":"clock","payload":{"to":"2026-07-31T08:00:00Z","steps":1,"#,
            r#""last":"2026-06-15T12:00:00.123456Z"}}"#
        );
        assert_eq!(serde_json::to_string(&task).unwrap(), json);
        assert_eq!(serde_json::from_str::<EffectTask>(json).unwrap(), task);
        assert_eq!(EffectTask::KINDS, [task.kind()]);
    }

    #[test]
    fn an_instant_that_takes_several_transactions_counts_once() {
        let (one, two) = (at("2026-07-01T00:00:00Z"), at("2026-07-02T00:00:00Z"));
        let visited = [one, one, two, two, two].into_iter().fold(Leap::begin(two), Leap::at);
        assert_eq!((visited.steps, visited.last), (2, Some(two)));
    }
}
