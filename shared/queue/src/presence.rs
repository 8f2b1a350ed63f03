//! What Redis still has of jobs, and how those are admitted again that it has lost.

use crate::admission::{AT_ONCE_MAX, Verdict};
use crate::job::{QueuedJob, UnreadableJob};
use crate::{Queue, QueueError};
use domain::{AcceptedJob, Instant, JobId, JobKey, RateLimit};

/// Accepted jobs are admitted whatever waits already: their clients were promised that they are
/// done. Lua holds no greater integer exactly.
const ANY_DEPTH: u64 = 1 << 53;

/// What Redis has of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing that a worker could do it by: no record, or an unfinished one without its task.
    Lost,
    /// Its task, which waits or is being done; or it is decided, and waits for an effect.
    Underway,
    /// Its answer.
    Finished,
    /// It was given up or discarded.
    Ended,
}

impl Queue {
    /// What Redis has of each of these jobs. When Redis does not say, it is an error: that is not
    /// to be taken for a loss.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub async fn presence(&self, jobs: &[JobId]) -> Result<Vec<Presence>, QueueError> {
        let mut look = redis::pipe();
        for job in jobs {
            look.getrange(self.keys.record(*job), 0, 0).hexists(&self.keys.data, job.to_string());
        }
        // A pipeline has one flat reply, and pairs are read from it.
        let replies: Vec<(String, bool)> = look.query_async(&mut self.connection.clone()).await?;
        Ok(replies.into_iter().map(|(state, has_task)| presence(&state, has_task)).collect())
    }

    /// Admits jobs again that Redis has lost, signed with `key`: without any bound, and as of when
    /// they were submitted first. Returns those that it did not have.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub async fn readmit(
        &self,
        jobs: &[QueuedJob],
        key: &JobKey,
    ) -> Result<Vec<JobId>, QueueError> {
        let mut readmitted = Vec::new();
        for jobs in jobs.chunks(AT_ONCE_MAX) {
            // No limit, so no token bucket is looked at.
            let submissions =
                jobs.iter().map(|job| self.submission(job, ("", RateLimit::OFF), key));
            let submissions: Vec<_> = submissions.collect();
            for (job, admission) in jobs.iter().zip(self.admit(&submissions, ANY_DEPTH).await?) {
                if admission?.verdict == Verdict::Enqueued {
                    readmitted.push(job.id());
                }
            }
        }
        Ok(readmitted)
    }
}

impl QueuedJob {
    /// The job as it is noted when its 202 is sent. It was admitted first at `submitted_at`,
    /// perhaps for another request than this one.
    #[must_use]
    pub fn accepted(&self, submitted_at: Instant) -> AcceptedJob {
        let (client, job, fingerprint) = (self.client, self.id(), self.fingerprint);
        let (key, command) = (self.key.clone(), self.command.clone());
        let payload = Self::new(client, key, fingerprint, submitted_at, command).encode();
        let payload = String::from_utf8(payload).unwrap_or_default();
        AcceptedJob { client, job, fingerprint, submitted_at, payload, ended_at: None }
    }

    /// The job that was noted. One that cannot be read is reported.
    pub fn of_accepted(accepted: &AcceptedJob) -> Result<Self, UnreadableJob> {
        let is_it = |job: Self| {
            if job.id() == accepted.job { Ok(job) } else { Err(UnreadableJob::Field("key")) }
        };
        Self::decode(accepted.payload.as_bytes()).and_then(is_it).inspect_err(|error| {
            tracing::error!(job = %accepted.job, %error, "an accepted job cannot be read");
        })
    }
}

fn presence(state: &str, has_task: bool) -> Presence {
    match (state, has_task) {
        ("s" | "f", _) => Presence::Finished,
        ("d" | "x", _) => Presence::Ended,
        ("r", _) => Presence::Underway,
        ("", _) | (_, false) => Presence::Lost,
        (_, true) => Presence::Underway,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_could_do_any_more_is_lost() {
        for (state, has_task, expected) in [
            ("", false, Presence::Lost),
            ("", true, Presence::Lost),
            ("q", false, Presence::Lost),
            ("q", true, Presence::Underway),
            ("r", false, Presence::Underway),
            ("r", true, Presence::Underway),
            ("s", false, Presence::Finished),
            ("f", false, Presence::Finished),
            ("d", true, Presence::Ended),
            ("x", false, Presence::Ended),
        ] {
            assert_eq!(presence(state, has_task), expected, "{state:?} {has_task}");
        }
    }
}
