//! Group commit: many commands, one transaction.

use chrono::TimeDelta;
use shared::domain::decide::Circumstances;
use shared::domain::world::{Changes, Footprint};
use shared::domain::{Answer, Command, JobId, Success, World, decide};
use shared::queue::job::QueuedJob;
use shared::seeded_bug::SeededBug;
use shared::store::batch::Batch;
use shared::store::ledger::{self, Entry};
use shared::store::line::Line;
use shared::store::world::{Drawn, Wanted};
use shared::store::{PgPool, StoreError};
use std::collections::HashMap;
use std::sync::Arc;

/// A job in the hands of a worker.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The id of the job.
    pub id: JobId,
    /// The job.
    pub job: Arc<QueuedJob>,
    /// The apalis worker that holds its task.
    pub holder: Arc<str>,
    /// How often it has been begun, this time included; 0 while that is not known.
    pub number: u32,
}

/// A batch whose transaction has begun: what its commands touch is loaded, and locked until the end.
pub struct Loaded {
    batch: Batch,
    world: World,
    known: HashMap<JobId, Entry>,
    drawn: Drawn,
}

/// Begins the transaction of a batch.
pub async fn load(line: &Line, attempts: &[Attempt]) -> Result<Loaded, StoreError> {
    let (footprint, wanted) = (footprint(attempts), wanted(attempts));
    let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id.0).collect();
    if SeededBug::SkipLedger.is_on() {
        ledger::forget(line.pool(), &ids).await?;
    }
    let (mut batch, world, drawn) = Batch::begin(line, &footprint, &ids, wanted).await?;
    let known = batch.find(&drawn.decided).await?;
    if SeededBug::DropLock.is_on() {
        batch.commit(&Changes::default(), &[]).await?;
        batch = Batch::begin(line, &Footprint::default(), &[], Wanted::default()).await?.0;
    }
    Ok(Loaded { batch, world, known, drawn })
}

impl Loaded {
    /// Decides the commands and commits them: all of them, or none. Returns the ledger's row of each,
    /// in order; a command that was decided before is not decided again.
    pub async fn commit(
        self,
        attempts: &[Attempt],
        gift_ttl: TimeDelta,
    ) -> Result<Vec<Entry>, StoreError> {
        let Self { batch, world, known, drawn } = self;
        let decided = decide_all(world, attempts, known, drawn, gift_ttl);
        batch.commit(&decided.changes, &decided.fresh).await?;
        Ok(decided.entries)
    }

    /// What [`Loaded::commit`] would return, without committing anything: a deliberate defect needs
    /// it, and nothing else ([`SeededBug::TellBeforeCommit`]).
    #[must_use]
    pub fn preview(self, attempts: &[Attempt], gift_ttl: TimeDelta) -> Vec<Entry> {
        decide_all(self.world, attempts, self.known, self.drawn, gift_ttl).entries
    }
}

/// Applies commands in one transaction, with a connection of the pool.
pub async fn apply(
    pool: &PgPool,
    attempts: &[Attempt],
    gift_ttl: TimeDelta,
) -> Result<Vec<Entry>, StoreError> {
    load(&Line::new(pool.clone()), attempts).await?.commit(attempts, gift_ttl).await
}

/// What a batch comes to.
#[derive(Debug)]
pub struct Decided {
    /// The ledger's row of each command, in order.
    pub entries: Vec<Entry>,
    /// Those of them that are new.
    pub fresh: Vec<Entry>,
    /// The rows to write.
    pub changes: Changes,
}

/// Decides commands in turn: each sees what those before it did. Pure.
#[must_use]
#[expect(clippy::implicit_hasher, reason = "the map comes from the store")]
pub fn decide_all(
    mut world: World,
    attempts: &[Attempt],
    mut known: HashMap<JobId, Entry>,
    drawn: Drawn,
    gift_ttl: TimeDelta,
) -> Decided {
    let mut decided =
        Decided { entries: Vec::new(), fresh: Vec::new(), changes: Changes::default() };
    let mut ids = Ids::new(drawn.users, drawn.subscriptions, drawn.gifts);
    for attempt in attempts {
        if let Some(entry) = known.get(&attempt.id) {
            decided.entries.push(entry.clone());
            continue;
        }
        let Attempt { id, job, number, .. } = attempt;
        let new_id = ids.next_for(&job.command);
        let circumstances = Circumstances { now: drawn.now, job: *id, new_id, gift_ttl };
        let decision = decide(&world, job.client, &job.command, circumstances);
        for change in decision.changes {
            world.apply(change.clone());
            decided.changes.push(change);
        }
        let entry = Entry {
            job: *id,
            client: job.client,
            key: job.key.clone(),
            fingerprint: job.fingerprint,
            operation: job.command.operation(),
            entity: decision.result.as_ref().ok().map(Success::entity),
            answer: Answer::of(*id, &decision.result, drawn.now),
            attempts: *number,
            submitted_at: job.submitted_at,
            finished_at: drawn.now,
        };
        known.insert(*id, entry.clone());
        decided.fresh.push(entry.clone());
        decided.entries.push(entry);
    }
    decided
}

fn footprint(attempts: &[Attempt]) -> Footprint {
    let mut footprint = Footprint::default();
    for Attempt { job, .. } in attempts {
        footprint.add(job.client, &job.command);
    }
    footprint
}

/// One new id for every command that may make something.
fn wanted(attempts: &[Attempt]) -> Wanted {
    let mut wanted = Wanted::default();
    for Attempt { job, .. } in attempts {
        match job.command {
            Command::CreateUser { .. } => wanted.users += 1,
            Command::Subscribe { .. } | Command::Redeem { .. } => wanted.subscriptions += 1,
            Command::Gift { .. } => wanted.gifts += 1,
            Command::Renew { .. } | Command::Cancel { .. } => {}
        }
    }
    wanted
}

/// Ids drawn for a batch, ascending. Sequences of Postgres may hand them out in any order; newer
/// subscriptions of a user must have greater ids.
struct Ids {
    users: std::vec::IntoIter<i64>,
    subscriptions: std::vec::IntoIter<i64>,
    gifts: std::vec::IntoIter<i64>,
}

impl Ids {
    fn new(users: Vec<i64>, subscriptions: Vec<i64>, gifts: Vec<i64>) -> Self {
        let ascending = |mut ids: Vec<i64>| {
            ids.sort_unstable();
            ids.into_iter()
        };
        Self {
            users: ascending(users),
            subscriptions: ascending(subscriptions),
            gifts: ascending(gifts),
        }
    }

    /// The id of what `command` may make. As many were drawn as there are such commands; a command
    /// that makes nothing never looks at its id.
    fn next_for(&mut self, command: &Command) -> i64 {
        let ids = match command {
            Command::CreateUser { .. } => &mut self.users,
            Command::Subscribe { .. } | Command::Redeem { .. } => &mut self.subscriptions,
            Command::Gift { .. } => &mut self.gifts,
            Command::Renew { .. } | Command::Cancel { .. } => return 0,
        };
        ids.next().unwrap_or_default()
    }
}
