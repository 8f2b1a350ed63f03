//! Admission: one round trip decides which submissions are new, known, limited or too many.

use crate::job::QueuedJob;
use crate::record::Record;
use crate::{Queue, QueueError};
use domain::{JobKey, RateLimit};
use redis::{FromRedisValue, Script, Value};
use std::sync::LazyLock;

static ADMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/admit.lua")));

/// Has the script read the clock of Redis for the token buckets. The test of its arithmetic sends a
/// time instead.
const CLOCK_OF_REDIS: &str = "";

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was a new job, and is in the queue now.
    Enqueued,
    /// The same request was submitted before; this is its record.
    Known(Record),
    /// The key was used for something else. Nothing happened.
    Reused,
    /// An unfinished job uses the key for something else. Nothing happened. If Redis has lost the
    /// key in between, the command log may still have it with this very request.
    Contested,
    /// The client has no token left. Nothing happened.
    Limited,
    /// The queue is full. Nothing happened.
    Full,
}

/// What became of a submission, and what is left of the client's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// What became of it.
    pub verdict: Verdict,
    /// The client's tokens, when there is a limit.
    pub quota: Option<Quota>,
}

/// What is left in a bucket after a submission. `lua/admit.lua` does the arithmetic inside Redis,
/// and a test compares it with a model in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The number of whole tokens left.
    pub remaining: u64,
    /// The time until there is one more, in whole seconds, rounded up; 0 when the bucket is full.
    pub reset_seconds: u64,
}

/// A submission in the form that the script takes.
#[derive(Debug, Clone)]
pub struct Submission {
    keys: [String; 3],
    arguments: [Vec<u8>; 3],
    limit: RateLimit,
}

/// The largest number of submissions in one call: Redis does nothing else during the script, and so
/// many take less than ten milliseconds.
pub const AT_ONCE_MAX: usize = 256;

impl Queue {
    /// Prepares a job to be submitted, signed with `key`; `bucket` names the token bucket of its
    /// client, and `limit` is the limit of that client.
    #[must_use]
    pub fn submission(
        &self,
        job: &QueuedJob,
        (bucket, limit): (&str, RateLimit),
        key: &JobKey,
    ) -> Submission {
        let (id, keys) = (job.id(), &self.keys);
        Submission {
            keys: [keys.record(id), keys.meta_of(id), format!("{}:{bucket}", keys.buckets)],
            arguments: [id.to_string().into(), Record::admitted(job).encode(), job.sign(key)],
            limit,
        }
    }

    /// Submits at most [`AT_ONCE_MAX`] jobs, in turn and at one instant. At most `depth_max` jobs
    /// may wait. Each has a result of its own.
    #[tracing::instrument(level = "debug", skip_all, fields(submissions = submissions.len()))]
    pub async fn admit(
        &self,
        submissions: &[Submission],
        depth_max: u64,
    ) -> Result<Vec<Result<Admission, QueueError>>, QueueError> {
        let keys = &self.keys;
        let mut call = ADMIT.prepare_invoke();
        call.key(&keys.data)
            .key(&keys.active)
            .key(&keys.scheduled)
            .key(&keys.dead)
            .key(&keys.attempts)
            .arg(depth_max)
            .arg(&keys.wake_channel)
            .arg(CLOCK_OF_REDIS);
        for submission in submissions {
            let Submission { keys, arguments, limit } = submission;
            call.key(keys).arg(arguments).arg(limit.to_string());
        }
        let replies: Vec<Vec<Value>> = self.connection.invoke(&call).await?;
        let parse = |(reply, submission): (_, &Submission)| {
            Admission::parse(reply, !submission.limit.is_off()).map_err(QueueError)
        };
        Ok(replies.into_iter().zip(submissions).map(parse).collect())
    }
}

impl Admission {
    fn parse(reply: Vec<Value>, limited: bool) -> Result<Self, redis::RedisError> {
        let unexpected =
            || redis::RedisError::from((redis::ErrorKind::UnexpectedReturnType, "admit.lua"));
        let mut reply = reply.into_iter();
        let mut next = || reply.next().ok_or_else(unexpected);
        let word = String::from_redis_value(next()?)?;
        let remaining = u64::from_redis_value(next()?)?;
        let reset_seconds = u64::from_redis_value(next()?)?;
        let verdict = match word.as_str() {
            "enqueued" => Verdict::Enqueued,
            "known" => {
                let record = Vec::<u8>::from_redis_value(next()?)?;
                let attempts = Option::<String>::from_redis_value(next()?)?;
                let record = Record::decode(&record, attempts.as_deref());
                Verdict::Known(record.ok_or_else(unexpected)?)
            }
            "reused" => Verdict::Reused,
            "contested" => Verdict::Contested,
            "limited" => Verdict::Limited,
            "full" => Verdict::Full,
            "refused" => {
                let why = String::from_redis_value(next()?)?;
                let kind = redis::ErrorKind::Server(redis::ServerErrorKind::ResponseError);
                return Err((kind, "Redis refused to store it", why).into());
            }
            _ => return Err(unexpected()),
        };
        let quota = limited.then_some(Quota { remaining, reset_seconds });
        Ok(Self { verdict, quota })
    }
}
