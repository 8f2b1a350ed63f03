//! The accepted jobs that could not be noted in Postgres yet.

use domain::{AcceptedJob, ClientId, JobId};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Jobs to be noted later, at most so many. They are in the memory of this process only.
pub(crate) struct Unnoted {
    jobs: Mutex<BTreeMap<(ClientId, JobId), AcceptedJob>>,
    jobs_max: usize,
    came: Notify,
}

impl Unnoted {
    /// None yet, and never more than `jobs_max`.
    pub(crate) fn at_most(jobs_max: usize) -> Self {
        Self { jobs: Mutex::default(), jobs_max, came: Notify::new() }
    }

    /// Whether Postgres was away when it was tried last: something waits to be noted.
    pub(crate) fn is_away(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Keeps a job, unless there are too many. The first request with a key counts.
    pub(crate) fn keep(&self, job: AcceptedJob) {
        let mut jobs = self.lock();
        if jobs.len() < self.jobs_max {
            jobs.entry((job.client, job.job)).or_insert(job);
            self.came.notify_one();
        } else {
            metrics::counter!("commerce_accepted_unnoted_total").increment(1);
        }
    }

    /// Waits until there are jobs, and returns at most `count` of them. They stay until they are
    /// noted.
    pub(crate) async fn some(&self, count: usize) -> Vec<AcceptedJob> {
        loop {
            let some: Vec<_> = self.lock().values().take(count).cloned().collect();
            if !some.is_empty() {
                return some;
            }
            self.came.notified().await;
        }
    }

    /// Lets go of jobs.
    pub(crate) fn noted(&self, jobs: &[AcceptedJob]) {
        let mut kept = self.lock();
        for job in jobs {
            kept.remove(&(job.client, job.job));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(ClientId, JobId), AcceptedJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Fingerprint, IdempotencyKey, Instant, job_id};

    fn job(key: &str, payload: &str) -> AcceptedJob {
        let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
        AcceptedJob {
            client: ClientId::LOCAL,
            job: job_id(ClientId::LOCAL, &key),
            fingerprint: Fingerprint::of_request("POST", "/users", payload.as_bytes()),
            submitted_at: Instant::UNIX_EPOCH,
            payload: payload.to_owned(),
            ended_at: None,
        }
    }

    #[tokio::test]
    async fn jobs_are_kept_until_they_are_noted_and_the_first_of_a_key_counts() {
        let unnoted = Unnoted::at_most(2);
        assert!(!unnoted.is_away());
        for kept in [job("a", "1"), job("a", "2"), job("b", "1"), job("c", "1")] {
            unnoted.keep(kept);
        }
        let first = unnoted.some(1).await;
        assert_eq!(unnoted.some(1).await, first);
        let mut both = unnoted.some(9).await;
        both.sort_by_key(|job| job.job != super::tests::job("a", "").job);
        assert_eq!(both, [job("a", "1"), job("b", "1")]);
        unnoted.noted(&first);
        assert_eq!(unnoted.some(9).await.len(), 1);
        unnoted.noted(&both);
        assert!(!unnoted.is_away());
        // Who waits for more is woken by it.
        let (some, ()) = tokio::join!(unnoted.some(9), async { unnoted.keep(job("d", "1")) });
        assert_eq!(some, [job("d", "1")]);
    }
}
