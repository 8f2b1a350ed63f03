//! Jobs whose 202 was sent.

use crate::decided_batch::apply;
use crate::sample::{accepted, begin, end};
use domain::{AcceptedJob, ClientId, Fingerprint, JobId, Needs};
use std::slice;
use store::Batch;
use store::accepted::{self, Noted};
use support::Database;
use support::commands::create_user;
use tokio::task::JoinSet;

const LOCAL: ClientId = ClientId::LOCAL;

/// The same job for another request.
fn other(job: &AcceptedJob) -> AcceptedJob {
    let fingerprint = Fingerprint::of_request("POST", "/gift", b"{}");
    AcceptedJob { fingerprint, payload: "other".to_owned(), ..job.clone() }
}

async fn note(database: &Database, job: &AcceptedJob) -> Fingerprint {
    noted(database, job).await.fingerprint
}

async fn noted(database: &Database, job: &AcceptedJob) -> Noted {
    accepted::note(database.store(), slice::from_ref(job)).await.unwrap()[&job.job]
}

async fn stored(database: &Database, job: JobId) -> Option<AcceptedJob> {
    accepted::find(database.store(), LOCAL, job).await.unwrap()
}

/// What a batch of that job takes, and whether it is committed.
async fn taken(database: &Database, job: &AcceptedJob, commits: bool) -> Option<AcceptedJob> {
    let jobs = [(LOCAL, job.job)];
    let begun = Batch::begin(database.store(), &Needs::default(), &jobs).await.unwrap();
    let (batch, _, mut context) = begun;
    if commits {
        end(batch).await;
    }
    context.accepted.remove(&job.job)
}

#[tokio::test]
async fn a_job_is_noted_once_and_the_first_request_with_its_key_stands() {
    let database = Database::create().await;
    let first = accepted(LOCAL, "k");
    let later =
        AcceptedJob { submitted_at: first.submitted_at + chrono::Days::new(1), ..first.clone() };
    for job in [&first, &later, &other(&first)] {
        assert_eq!(note(&database, job).await, first.fingerprint);
        assert_eq!(stored(&database, first.job).await.as_ref(), Some(&first));
    }
    // In one statement, too.
    let twins = [accepted(LOCAL, "t"), other(&accepted(LOCAL, "t")), accepted(LOCAL, "u")];
    let standing = accepted::note(database.store(), &twins).await.unwrap();
    assert_eq!(standing.len(), 2);
    assert_eq!(standing[&twins[0].job].fingerprint, twins[0].fingerprint);
    assert_eq!(stored(&database, twins[0].job).await.as_ref(), Some(&twins[0]));
}

#[tokio::test]
async fn a_job_that_is_decided_is_not_noted_and_its_entry_tells_the_request() {
    let database = Database::create().await;
    let entry = apply(&database, &[("k", create_user("ann@a.org"))]).await.unwrap().remove(0);
    let job = other(&accepted(LOCAL, "k"));
    assert_eq!(job.job, entry.job);
    let decided = Noted { fingerprint: entry.fingerprint, is_decided: true };
    assert_eq!(noted(&database, &job).await, decided);
    assert_eq!(stored(&database, job.job).await, None);
    let open = accepted(LOCAL, "open");
    for _ in 0..2 {
        assert!(!noted(&database, &open).await.is_decided);
    }
}

#[tokio::test]
async fn a_batch_takes_its_jobs_when_it_is_committed_and_not_before() {
    let database = Database::create().await;
    let (job, neighbour) = (accepted(LOCAL, "k"), accepted(LOCAL, "n"));
    accepted::note(database.store(), &[job.clone(), neighbour.clone()]).await.unwrap();

    assert_eq!(taken(&database, &job, false).await.as_ref(), Some(&job));
    let is_free = format!("SELECT true FROM accepted_jobs WHERE job_id = '{}' FOR UPDATE", job.job);
    database.until(&is_free).await;
    assert_eq!(stored(&database, job.job).await.as_ref(), Some(&job));
    assert_eq!(taken(&database, &job, true).await.as_ref(), Some(&job));
    assert_eq!(stored(&database, job.job).await, None);
    assert_eq!(taken(&database, &job, true).await, None);
    assert_eq!(stored(&database, neighbour.job).await.as_ref(), Some(&neighbour));
    // Another client's job of that id is another job.
    let (batch, _, context) = begin(&database, &Needs::default()).await;
    assert!(context.accepted.is_empty());
    end(batch).await;
}

#[tokio::test]
async fn a_job_that_has_ended_binds_no_other_request_and_is_replaced_by_its_retry() {
    let database = Database::create().await;
    let store = database.store();
    let job = accepted(LOCAL, "k");
    note(&database, &job).await;
    for _ in 0..2 {
        accepted::end(store, LOCAL, job.job).await.unwrap();
    }
    assert!(stored(&database, job.job).await.unwrap().ended_at.is_some());
    assert!(accepted::aged(store, 0.0, None, 10).await.unwrap().is_empty());

    let retry = other(&job);
    assert_eq!(note(&database, &retry).await, retry.fingerprint);
    assert_eq!(stored(&database, job.job).await.as_ref(), Some(&retry));
    accepted::end(store, LOCAL, job.job).await.unwrap();
    accepted::revive(store, LOCAL, job.job).await.unwrap();
    assert_eq!(stored(&database, job.job).await.as_ref(), Some(&retry));
    accepted::end(store, LOCAL, job.job).await.unwrap();
    assert_eq!(taken(&database, &job, true).await, None);
    assert_eq!(stored(&database, job.job).await, None);
}

#[tokio::test]
async fn aged_jobs_come_in_pages_oldest_first_and_say_which_are_decided() {
    let database = Database::create().await;
    let store = database.store();
    for key in ["old", "older", "decided"] {
        note(&database, &accepted(LOCAL, key)).await;
    }
    database.run("UPDATE accepted_jobs SET accepted_at = accepted_at - interval '1 minute'").await;
    note(&database, &accepted(LOCAL, "young")).await;
    let ids = ["old", "older", "decided"].map(|key| accepted(LOCAL, key).job);
    // As when a job is noted while it is being decided.
    database
        .run(&format!(
            "INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint,
                                       operation, status, body, attempts, submitted_at, decided_at,
                                       finished_at)
             VALUES ('{}', 2, 'client', 'decided', decode(repeat('ab', 32), 'hex'), 'subscribe',
                     409, '{{}}', 1, now(), now(), now())",
            ids[2]
        ))
        .await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = accepted::aged(store, 30.0, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        seen.extend(page.iter().map(|aged| (aged.job.job, aged.is_decided)));
    }
    assert_eq!(seen, [(ids[0], false), (ids[1], false), (ids[2], true)]);

    accepted::forget(store, &[(LOCAL, ids[2]), (LOCAL, ids[2])]).await.unwrap();
    accepted::forget(store, &[]).await.unwrap();
    assert_eq!(stored(&database, ids[2]).await, None);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM accepted_jobs").await, 3);
}

#[tokio::test]
async fn crowds_that_note_the_same_jobs_in_any_order_do_not_deadlock() {
    let database = Database::create().await;
    let mut tasks = JoinSet::new();
    for turn in 0..8 {
        let store = database.store().clone();
        let mut jobs: Vec<_> = (0..200).map(|n| accepted(LOCAL, &format!("k{n}"))).collect();
        jobs.rotate_left(turn * 25);
        tasks.spawn(async move { accepted::note(&store, &jobs).await.unwrap().len() });
    }
    assert_eq!(tasks.join_all().await, [200; 8]);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.value::<i64>(deadlocks).await, 0);
}
