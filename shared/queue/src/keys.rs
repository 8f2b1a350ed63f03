//! The names of everything in Redis, in one place.

use apalis_redis::Config;
use domain::JobId;

/// The names of all keys and channels.
pub(crate) struct Keys {
    /// The configuration that apalis-redis makes its names from; the next seven are its names.
    pub(crate) apalis: Config,
    /// The hash of the payloads of tasks.
    pub(crate) data: String,
    /// The prefix of the hashes of what apalis notes about a task.
    pub(crate) meta: String,
    /// The list of tasks that wait for a worker.
    pub(crate) active: String,
    /// The sorted set of tasks that wait for their next attempt.
    pub(crate) scheduled: String,
    /// The prefix of the sets of tasks that a worker holds.
    pub(crate) in_flight: String,
    /// The set of tasks that were given up.
    pub(crate) dead: String,
    /// The sorted set of workers by their last sign of life.
    pub(crate) workers: String,
    /// The channel on which new tasks are announced to workers.
    pub(crate) wake_channel: String,
    /// The channel on which outcomes are published to the apis.
    pub(crate) outcomes_channel: String,
    /// The prefix of records.
    pub(crate) records: String,
    /// The hash of the state and the attempts of begun jobs. Its name in Redis is `progress`.
    pub(crate) attempts: String,
    /// The prefix of token buckets.
    pub(crate) buckets: String,
    /// The key that is written to see whether Redis takes writes.
    pub(crate) probe: String,
}

impl Keys {
    /// The names of the queue of that name in a database of Redis. Keys belong to the database;
    /// channels do not, so their names have its number. Database 0 has the names of releases
    /// before that number was added.
    pub(crate) fn new(queue: &str, database: i64) -> Self {
        let apalis = Config::default().queue(queue);
        let number = if database == 0 { String::new() } else { format!(":{database}") };
        Self {
            wake_channel: format!("tasks:{}:available{number}", apalis.active_jobs_list()),
            outcomes_channel: format!("{queue}:outcomes{number}"),
            probe: format!("{queue}:probe"),
            records: format!("{queue}:job"),
            attempts: format!("{queue}:progress"),
            buckets: format!("{queue}:bucket"),
            data: apalis.job_data_hash(),
            meta: apalis.job_meta_hash(),
            active: apalis.active_jobs_list(),
            scheduled: apalis.scheduled_jobs_set(),
            in_flight: apalis.inflight_jobs_set(),
            dead: apalis.dead_jobs_set(),
            workers: apalis.workers_set(),
            apalis,
        }
    }

    /// The key of the record of a job.
    pub(crate) fn record(&self, job: JobId) -> String {
        format!("{}:{job}", self.records)
    }

    /// The key of what apalis notes about the task of a job.
    pub(crate) fn meta_of(&self, job: JobId) -> String {
        format!("{}:{job}", self.meta)
    }

    /// The key of the set of tasks that a worker holds.
    pub(crate) fn in_flight_of(&self, worker: &str) -> String {
        format!("{}:{worker}", self.in_flight)
    }
}
