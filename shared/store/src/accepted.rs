//! The jobs whose 202 was sent, table `accepted_jobs`: what was promised, whatever becomes of
//! Redis.

use crate::connections::Lent;
use crate::tables::{AcceptedJobRow, from_json, query_accepted_jobs, to_json, write_accepted_jobs};
use crate::{Database, StoreError, command_log};
use domain::{AcceptedJob, ClientId, Fingerprint, Instant, JobId, LogEntry};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The place of a row in the order in which the rows were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    accepted_at: Instant,
    job: JobId,
}

/// A job that was accepted a while ago.
#[derive(Debug)]
pub struct Aged {
    /// Its place, after which the next page begins.
    pub place: Place,
    /// Whether it is in the command log.
    pub is_decided: bool,
    /// The job.
    pub job: AcceptedJob,
}

/// What stands for a job that was to be noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// The fingerprint. It is another one than that of the job when the key was used for another
    /// request.
    pub fingerprint: Fingerprint,
    /// Whether it stands in the command log, and not among the accepted jobs.
    pub is_decided: bool,
}

/// Notes jobs, unless they are decided, and returns what stands for each of them now. To note a job
/// twice changes nothing.
#[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
pub async fn note(
    database: &Database,
    jobs: &[AcceptedJob],
) -> Result<HashMap<JobId, Noted>, StoreError> {
    // One row a job: of two requests with one key the first counts.
    let mut distinct = BTreeMap::new();
    for job in jobs {
        distinct.entry(job.job).or_insert(job);
    }
    let rows: Vec<AcceptedJobRow<'_>> = distinct.values().map(|job| (*job).into()).collect();
    let rows = to_json(&rows)?;
    let (rows, distinct) = (rows.as_str(), &distinct);
    let note = |mut connection: Lent| async move {
        let written = write_accepted_jobs!(rows).fetch_all(&mut *connection).await?;
        let mut standing: HashMap<JobId, Noted> = HashMap::new();
        for job in written.into_iter().map(JobId::new) {
            let noted = distinct.get(&job).map(|noted| Noted::accepted(noted.fingerprint));
            standing.extend(noted.map(|noted| (job, noted)));
        }
        let others: Vec<&AcceptedJob> =
            distinct.values().copied().filter(|job| !standing.contains_key(&job.job)).collect();
        if !others.is_empty() {
            standing.extend(noted_before(&mut connection, &others).await?);
        }
        Ok(standing)
    };
    database.read(note).await
}

/// What stands for jobs that were not written, because something stood there before.
async fn noted_before(
    connection: &mut Lent,
    jobs: &[&AcceptedJob],
) -> Result<Vec<(JobId, Noted)>, StoreError> {
    let (clients, ids): (Vec<i64>, Vec<Uuid>) =
        jobs.iter().map(|job| (job.client.get(), job.job.get())).unzip();
    let rows = sqlx::query!(
        r#"SELECT named.job_id AS "job_id!",
                  (SELECT fingerprint FROM transactions
                   WHERE transactions.client_id = named.client_id
                     AND transactions.job_id = named.job_id LIMIT 1) AS decided,
                  (SELECT fingerprint FROM accepted_jobs
                   WHERE accepted_jobs.client_id = named.client_id
                     AND accepted_jobs.job_id = named.job_id LIMIT 1) AS accepted
           FROM unnest($1::bigint[], $2::uuid[]) AS named (client_id, job_id)"#,
        &clients,
        &ids,
    )
    .fetch_all(&mut **connection)
    .await?;
    let known = |bytes: Option<Vec<u8>>| Fingerprint::from_bytes(&bytes?);
    let found = rows.into_iter().filter_map(|row| {
        let decided = known(row.decided).map(Noted::decided);
        let noted = decided.or_else(|| known(row.accepted).map(Noted::accepted))?;
        Some((JobId::new(row.job_id), noted))
    });
    Ok(found.collect())
}

impl Noted {
    const fn accepted(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, is_decided: false }
    }

    const fn decided(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, is_decided: true }
    }
}

/// What Postgres has of a job.
#[derive(Debug)]
pub enum Standing {
    /// It is decided. Boxed, for it is large.
    Decided(Box<LogEntry>),
    /// Its client was promised that it is done.
    Accepted(AcceptedJob),
}

/// What stands for the job of that id of that client, in the command log or among the accepted
/// jobs.
pub async fn find_standing(
    database: &Database,
    client: ClientId,
    job: JobId,
) -> Result<Option<Standing>, StoreError> {
    // In this order: an accepted job goes when it is decided.
    let accepted = find(database, client, job).await?.map(Standing::Accepted);
    let decided = command_log::find_job(database, client, job).await?;
    Ok(decided.map(|entry| Standing::Decided(entry.into())).or(accepted))
}

/// The accepted job of that id of that client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find(
    database: &Database,
    client: ClientId,
    job: JobId,
) -> Result<Option<AcceptedJob>, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = query_accepted_jobs!(
            r#"SELECT to_json(accepted)::text AS "accepted!" FROM (SELECT "#,
            " FROM accepted_jobs WHERE client_id = $1 AND job_id = $2) AS accepted",
            client.get(),
            job.get(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        let job = found.map(|row| from_json::<AcceptedJobRow<'_>>(&row.accepted)?.try_into());
        job.transpose()
    };
    database.read(look).await
}

/// At most `limit` jobs after that place that were accepted `age_seconds` ago or earlier and have
/// not ended, the oldest first.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn aged(
    database: &Database,
    age_seconds: f64,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<Aged>, StoreError> {
    let (at, id) =
        after.map_or((Instant::UNIX_EPOCH, Uuid::nil()), |p| (p.accepted_at, p.job.get()));
    let look = |mut connection: Lent| async move {
        let rows = query_accepted_jobs!(
            r#"SELECT page.accepted_at AS "accepted_at!", to_json(page)::text AS "accepted!",
                      (SELECT true FROM transactions
                       WHERE transactions.client_id = page.client_id
                         AND transactions.job_id = page.job_id LIMIT 1) IS NOT NULL
                          AS "is_decided!"
               FROM (SELECT accepted_at, "#,
            " FROM accepted_jobs
                     WHERE ended_at IS NULL AND accepted_at <= now() - make_interval(secs => $1)
                       AND (accepted_at, job_id) > ($2, $3)
                     ORDER BY accepted_at, job_id LIMIT $4) AS page",
            age_seconds,
            at,
            id,
            i64::from(limit),
        )
        .fetch_all(&mut *connection)
        .await?;
        let aged = rows.into_iter().map(|row| {
            let job: AcceptedJob = from_json::<AcceptedJobRow<'_>>(&row.accepted)?.try_into()?;
            let place = Place { accepted_at: row.accepted_at, job: job.job };
            Ok(Aged { place, is_decided: row.is_decided, job })
        });
        aged.collect()
    };
    database.read(look).await
}

/// Deletes jobs that are in the command log.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn forget(database: &Database, jobs: &[(ClientId, JobId)]) -> Result<(), StoreError> {
    let (clients, ids): (Vec<i64>, Vec<Uuid>) =
        jobs.iter().map(|(client, job)| (client.get(), job.get())).unzip();
    let (clients, ids) = (&clients, &ids);
    let forget = |mut connection: Lent| async move {
        sqlx::query!(
            "DELETE FROM accepted_jobs
             WHERE ctid = ANY (ARRAY(
                 SELECT found.place
                 FROM unnest($1::bigint[], $2::uuid[]) AS named (client_id, job_id),
                     LATERAL (SELECT accepted_row.ctid AS place FROM accepted_jobs AS accepted_row
                              WHERE accepted_row.client_id = named.client_id
                                AND accepted_row.job_id = named.job_id LIMIT 1) AS found))",
            clients,
            ids,
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.read(forget).await
}

/// Marks a job as given up or discarded: it is not admitted again by itself.
pub async fn end(database: &Database, client: ClientId, job: JobId) -> Result<(), StoreError> {
    mark(database, client, job, true).await
}

/// Takes that mark away.
pub async fn revive(database: &Database, client: ClientId, job: JobId) -> Result<(), StoreError> {
    mark(database, client, job, false).await
}

/// Sets the mark or takes it away. A mark that is there keeps its time.
async fn mark(
    database: &Database,
    client: ClientId,
    job: JobId,
    has_ended: bool,
) -> Result<(), StoreError> {
    let mark = |mut connection: Lent| async move {
        sqlx::query!(
            "UPDATE accepted_jobs SET ended_at = CASE WHEN $3::boolean THEN now() END
             WHERE client_id = $1 AND job_id = $2 AND (ended_at IS NOT NULL) <> $3",
            client.get(),
            job.get(),
            has_ended,
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.read(mark).await
}
