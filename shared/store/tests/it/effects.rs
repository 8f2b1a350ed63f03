//! Effects: who may perform one, and what is written in its course.

use crate::explain::{Query, plan, queries};
use crate::sample::{begin, day, entry};
use domain::{
    Advance, Answer, Answered, Change, Changes, ClientId, Effect, EffectId, EffectTask, Instant,
    JobId, Leap, LogEntry, Needs, TestClock,
};
use std::time::Duration;
use store::effects::{self, Claim, Claimed, Count};
use store::{Beside, LateAnswer, Progress, StoreError, command_log};
use support::Database;
use uuid::Uuid;

const LOCAL: ClientId = ClientId::LOCAL;

fn leap() -> Leap {
    Leap { to: day(3), steps: 0, last: None }
}

fn effect(n: u128) -> Effect {
    let (id, job) = (EffectId::new(Uuid::from_u128(n)), JobId::new(Uuid::from_u128(100 + n)));
    Effect { id, client: LOCAL, job, task: EffectTask::Clock(leap()) }
}

/// Commits what belongs to effects, and nothing else but these entries.
async fn commit(
    database: &Database,
    entries: &[LogEntry],
    beside: &Beside<'_>,
) -> Result<Vec<LogEntry>, StoreError> {
    let (batch, ..) = begin(database, &Needs::default()).await;
    batch.commit_beside(&Changes::default(), entries, beside).await
}

async fn write(database: &Database, effects: Vec<(&Effect, Option<Claim>)>) {
    commit(database, &[], &Beside { effects, ..Beside::default() }).await.unwrap();
}

async fn claim(database: &Database, limit: u32) -> Vec<Claimed> {
    effects::claim(database.store(), limit).await.unwrap()
}

/// Whatever time does to leases and pauses.
async fn wait_for_leases(database: &Database) {
    let ends = "UPDATE effects SET due_at = '-infinity',
                    lease_until = CASE WHEN holder IS NOT NULL THEN timestamptz '-infinity' END";
    database.run(ends).await;
}

#[tokio::test]
async fn an_effect_is_claimed_by_one_and_comes_back_whole() {
    let database = Database::create().await;
    let (first, second) = (effect(1), effect(2));
    write(&database, vec![(&first, None), (&second, None)]).await;
    let one = claim(&database, 1).await;
    assert_eq!((one.len(), one[0].attempts), (1, 1));
    let other = claim(&database, 8).await;
    assert_eq!(other.len(), 1);
    let mut found: Vec<_> =
        one.into_iter().chain(other).map(|claimed| claimed.effect.unwrap()).collect();
    found.sort_by_key(|effect| effect.id);
    assert_eq!(found, [first, second]);
    assert!(claim(&database, 8).await.is_empty());
}

#[tokio::test]
async fn what_is_written_as_claimed_is_left_to_its_worker_until_the_lease_ends() {
    let database = Database::create().await;
    let effect = effect(1);
    let own = Claim::of_new(&effect);
    write(&database, vec![(&effect, Some(own))]).await;
    assert!(claim(&database, 8).await.is_empty());
    let lease = "SELECT extract(epoch FROM lease_until - clock_timestamp())::bigint FROM effects";
    assert!((25..=30).contains(&database.value::<i64>(lease).await));
    assert!(effects::renew(database.store(), own).await.unwrap());

    wait_for_leases(&database).await;
    let taken = claim(&database, 8).await.remove(0);
    assert_eq!(taken.attempts, 2);
    assert!(!effects::renew(database.store(), own).await.unwrap());
    assert!(effects::renew(database.store(), taken.claim).await.unwrap());
    // Who has lost it can neither give it up nor delete it.
    effects::give_up(database.store(), own, Duration::ZERO).await.unwrap();
    effects::forget(database.store(), own).await.unwrap();
    assert!(claim(&database, 8).await.is_empty());
    effects::forget(database.store(), taken.claim).await.unwrap();
    assert!(effects::count(database.store()).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_that_failed_is_due_again_after_its_pause() {
    let database = Database::create().await;
    let effect = effect(1);
    write(&database, vec![(&effect, None)]).await;
    let claimed = claim(&database, 8).await.remove(0);
    effects::give_up(database.store(), claimed.claim, Duration::from_mins(1)).await.unwrap();
    assert!(claim(&database, 8).await.is_empty());
    wait_for_leases(&database).await;
    let again = claim(&database, 8).await.remove(0);
    assert_eq!(again.attempts, 2);
    let count = Count { kind: "clock".to_owned(), open: 1, failing: 1 };
    assert_eq!(effects::count(database.store()).await.unwrap(), [count]);
    effects::give_up(database.store(), again.claim, Duration::ZERO).await.unwrap();
    assert_eq!(claim(&database, 8).await.len(), 1);
}

#[tokio::test]
async fn two_that_claim_at_once_do_not_wait_for_each_other() {
    let database = Database::create().await;
    let (first, second) = (effect(1), effect(2));
    write(&database, vec![(&first, None), (&second, None)]).await;
    let lock = format!("SELECT FROM effects WHERE id = '{}' FOR UPDATE", first.id.get());
    let held = database.begun(&lock).await;
    let claimed = claim(&database, 8).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].claim.id, second.id);
    held.rollback().await.unwrap();
}

/// A newer release may write kinds that this one does not know, and both run side by side.
#[tokio::test]
async fn kinds_of_another_release_are_left_to_it_and_what_cannot_be_read_is_told() {
    let database = Database::create().await;
    let (one, two) = (effect(1), effect(2));
    write(&database, vec![(&one, None), (&two, None)]).await;
    let change = format!("UPDATE effects SET kind = 'rocket' WHERE id = '{}'", one.id.get());
    database.run(&change).await;
    database.run("UPDATE effects SET payload = '{}' WHERE kind = 'clock'").await;
    let claimed = claim(&database, 8).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].claim.id, two.id);
    assert!(matches!(claimed[0].effect, Err(StoreError::Inconsistent { table: "effects", .. })));
}

/// The clock of the one test client is moved, and another effect is left.
pub(crate) async fn main_path(database: &Database) {
    let store = database.store();
    let client = database.value("SELECT client_id FROM test_clocks").await;
    let client = ClientId::new(client);
    let waits = LogEntry { client, ..pending("waits") };
    let (effect, left) = (Effect { client, job: waits.job, ..effect(1) }, effect(2));
    let own = Claim::of_new(&effect);
    let effects = vec![(&effect, Some(own)), (&left, None)];
    let beside = Beside { effects, ..Beside::default() };
    commit(database, std::slice::from_ref(&waits), &beside).await.unwrap();
    assert_eq!(claim(database, 8).await.len(), 1);
    assert!(effects::renew(store, own).await.unwrap());
    effects::give_up(store, own, Duration::ZERO).await.unwrap();
    let claim = claim(database, 8).await.remove(0).claim;

    let needs = Needs { clocks_to_move: [client].into(), ..Needs::default() };
    let (mut batch, working_set, _) = begin(database, &needs).await;
    assert_eq!(batch.next_instant(client, day(3)).await.unwrap(), None);
    let clock = *working_set.test_clock(client).unwrap();
    let advance = Some(Advance { target: day(3), job: waits.job });
    let mut changes = Changes::default();
    changes.push(Change::Clock(TestClock { now: day(1), advance, ..clock }));
    let task = EffectTask::Clock(leap().at(day(1)));
    let progress = vec![(claim, Progress::GoesOn(&task))];
    let beside = Beside { progress, ..Beside::default() };
    batch.commit_beside(&changes, &[], &beside).await.unwrap();

    let settlement =
        LateAnswer { client, job: waits.job, entity: Some(1), answered: answered("{}") };
    let progress = vec![(claim, Progress::Done)];
    let beside = Beside { progress, answers: vec![settlement], ..Beside::default() };
    assert_eq!(commit(database, &[], &beside).await.unwrap().len(), 1);
    effects::forget(store, claim).await.unwrap();
    let count = Count { kind: "clock".to_owned(), open: 1, failing: 0 };
    assert_eq!(effects::count(store).await.unwrap(), [count]);
}

fn pending(key: &str) -> LogEntry {
    LogEntry { answered: None, entity: None, ..entry(LOCAL, key) }
}

fn answered(body: &str) -> Answered {
    Answered { answer: Answer { status: 200, body: body.to_owned() }, at: day(2) }
}

#[tokio::test]
async fn a_job_is_answered_once() {
    let database = Database::create().await;
    let waits = pending("key");
    commit(&database, std::slice::from_ref(&waits), &Beside::default()).await.unwrap();
    let find = || command_log::find_job(database.store(), LOCAL, waits.job);
    assert_eq!(find().await.unwrap().as_ref(), Some(&waits));

    let settle = async |body: &str| {
        let (job, entity) = (waits.job, Some(7));
        let settlement = LateAnswer { client: LOCAL, job, entity, answered: answered(body) };
        let beside = Beside { answers: vec![settlement], ..Beside::default() };
        commit(&database, &[], &beside).await.unwrap()
    };
    let expected = LogEntry { answered: Some(answered("{}")), entity: Some(7), ..waits.clone() };
    assert_eq!(settle("{}").await, std::slice::from_ref(&expected));
    assert_eq!(settle(r#"{"second":true}"#).await, []);
    assert_eq!(find().await.unwrap(), Some(expected));
}

#[tokio::test]
async fn a_batch_that_meets_a_job_without_an_answer_finds_it_decided() {
    let database = Database::create().await;
    let waits = pending("key");
    commit(&database, std::slice::from_ref(&waits), &Beside::default()).await.unwrap();
    let jobs = [(LOCAL, waits.job)];
    let (_, _, context) =
        store::Batch::begin(database.store(), &Needs::default(), &jobs).await.unwrap();
    assert_eq!(context.decided.get(&waits.job), Some(&waits));
}

#[tokio::test]
async fn progress_is_written_by_who_holds_the_effect_and_by_nobody_else() {
    let database = Database::create().await;
    let effect = effect(1);
    let own = Claim::of_new(&effect);
    write(&database, vec![(&effect, Some(own))]).await;
    wait_for_leases(&database).await;
    let taken = claim(&database, 8).await.remove(0).claim;

    let further = EffectTask::Clock(leap().at(day(1)));
    let write = async |claim, progress, key: &str| {
        let beside = Beside { progress: vec![(claim, progress)], ..Beside::default() };
        commit(&database, &[entry(LOCAL, key)], &beside).await
    };
    for progress in [Progress::GoesOn(&further), Progress::Done] {
        let lost = write(own, progress, "lost").await;
        assert!(matches!(lost, Err(StoreError::ClaimLost)), "{lost:?}");
    }
    let entries = "SELECT count(*) FROM transactions";
    assert_eq!(database.value::<i64>(entries).await, 0);

    write(taken, Progress::GoesOn(&further), "goes-on").await.unwrap();
    let lease: Instant = database.value("SELECT lease_until FROM effects").await;
    assert!(lease > database.value::<Instant>("SELECT clock_timestamp()").await);
    wait_for_leases(&database).await;
    let again = claim(&database, 8).await.remove(0);
    // It has got on in between: this is the second claim since then.
    assert_eq!((again.attempts, again.effect.unwrap().task), (2, further.clone()));
    write(again.claim, Progress::Done, "done").await.unwrap();
    assert!(effects::count(database.store()).await.unwrap().is_empty());
    assert_eq!(database.value::<i64>(entries).await, 2);
}

/// There may be thousands of others: an index has the clocks alone.
#[tokio::test]
async fn clocks_are_claimed_by_themselves() {
    let database = Database::create().await;
    write(&database, vec![(&effect(1), None)]).await;
    let others = "INSERT INTO effects (client_id, id, kind, job_id, payload)
                  SELECT client_id, gen_random_uuid(), 'charge', job_id, payload
                  FROM effects, generate_series(1, 3)";
    database.run(others).await;
    let claimed = effects::claim_clocks(database.store(), 8).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.claim.id).collect();
    assert_eq!(ids, [effect(1).id]);

    let of_clocks = |query: &Query| query.text.contains("AND kind = 'clock'");
    let query = queries().into_iter().find(of_clocks).unwrap();
    let mut connection = database.pool().acquire().await.unwrap();
    let plan = plan(&mut connection, &query, "force_generic_plan").await.to_string();
    assert!(plan.contains("effects_clocks_idx"), "{plan}");
}
