//! An internal command that is due, and its entry in the command log.

use crate::policy::Policy;
use contract::{answer, answered};
use domain::{
    Answered, ClientId, Context, Decision, Fingerprint, IdempotencyKey, Instant, InternalCommand,
    JobId, LogEntry, Origin, Settles, internal_job_id,
};
use store::LateAnswer;

/// A command that is due.
#[derive(Debug, Clone)]
pub(crate) struct DueJob {
    /// The id of the row that is due.
    pub(crate) row: i64,
    /// The instant since which it is due.
    pub(crate) due_at: Instant,
    /// The client whose rows the command changes.
    pub(crate) client: ClientId,
    /// The command.
    pub(crate) command: InternalCommand,
    key: IdempotencyKey,
    id: JobId,
}

impl DueJob {
    /// The job of `command`: its id follows from client and key.
    pub(crate) fn new(
        row: i64,
        due_at: Instant,
        client: ClientId,
        command: InternalCommand,
    ) -> Self {
        let key = command.key();
        let id = internal_job_id(client, &key);
        Self { row, due_at, client, command, key, id }
    }

    /// The id of the job.
    pub(crate) const fn id(&self) -> JobId {
        self.id
    }

    /// The inputs of its decision at `now`. `livemode` is false of a test client.
    pub(crate) const fn context(&self, now: Instant, policy: Policy, livemode: bool) -> Context {
        policy.context((self.client, self.id), now, livemode)
    }

    /// The entry of the command log for a decision that was made at that `real` time. It has the
    /// command itself, because no request of a client tells what was decided.
    pub(crate) fn entry(&self, context: &Context, real: Instant, decision: &Decision) -> LogEntry {
        // Numbers, instants and words only: writing them cannot fail.
        let input = serde_json::to_string(&self.command).unwrap_or_default();
        LogEntry {
            job: context.job,
            client: self.client,
            origin: Origin::Internal,
            fingerprint: Fingerprint::of_request("INTERNAL", self.key.as_str(), input.as_bytes()),
            key: self.key.clone(),
            operation: self.command.operation(),
            input: Some(input),
            user: decision.user,
            entity: decision.outcome.entity_id(),
            answered: answered(context.job, &decision.outcome, context.now),
            attempts: 1,
            submitted_at: real,
            decided_at: context.now,
        }
    }

    /// The answer of the job that waits for the decision, if one does.
    pub(crate) fn late_answer(&self, context: &Context, decision: &Decision) -> Option<LateAnswer> {
        let Settles { job, result } = decision.settles.as_ref()?;
        let entity = result.as_ref().ok().map(|success| success.entity().id());
        let answer = answer(*job, result, context.now);
        let answered = Answered { answer, at: context.now };
        Some(LateAnswer { client: self.client, job: *job, entity, answered })
    }
}
