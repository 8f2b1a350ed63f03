//! The command log gives back what it was given, to the byte.

use crate::command_log::{append, find};
use crate::sample::{day, entry};
use domain::{Answer, Answered, ClientId, Instant, JobId, Operation};
use store::command_log;
use support::Database;

const LOCAL: ClientId = ClientId::LOCAL;

/// Bodies that a careless path would change on their way.
fn bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "",
        " ",
        "{}",
        "{\"a\" : 1,\t\"a\":2}\r\n",
        r#"it's "quoted", \back\slashed, {braced}, NULL, $1, %s, E'\x00'"#,
        "{\"quotes\":\"'\\\"\\\\''\"}",
        "ünïcödé, 日本語, 🎁, \u{202e}, e\u{301} is not \u{e9}, \u{feff}, \u{1}\u{7f}",
    ]
    .map(str::to_owned)
    .into();
    bodies.push("a".repeat(60 * 1024));
    bodies.push("\"🎁\\,{}".repeat(6 * 1024));
    bodies
}

#[tokio::test]
async fn rows_come_back_as_they_went_in() {
    let database = Database::create().await;
    let statuses = [200, 201, 399, 400, 404, 409, 422, 499];
    let mut entries = Vec::new();
    for (n, body) in bodies().into_iter().enumerate() {
        for status in statuses {
            let mut new = entry(LOCAL, &format!("{n}/{status}"));
            new.operation = Operation::ALL[n % Operation::ALL.len()];
            let answer = Answer { status, body: body.clone() };
            new.entity = answer.is_success().then_some(i64::MAX);
            new.answered = Some(Answered { answer, at: day(1) });
            (new.attempts, new.submitted_at) = (status.into(), day(n.try_into().unwrap()));
            entries.push(new);
        }
    }
    append(&database, &entries).await.unwrap();

    let jobs: Vec<JobId> = entries.iter().map(|entry| entry.job).collect();
    let found = find(&database, &jobs).await;
    assert_eq!(found.len(), entries.len());
    for entry in &entries {
        assert_eq!(found.get(&entry.job), Some(entry));
        let alone = command_log::find_job(database.store(), LOCAL, entry.job).await.unwrap();
        assert_eq!(alone.as_ref(), Some(entry));
    }
}

#[tokio::test]
async fn keys_of_every_allowed_byte_and_length_come_back() {
    let database = Database::create().await;
    let every: String = ('!'..='~').collect();
    let entries = [every, "k".repeat(255), "'".to_owned()].map(|key| entry(LOCAL, &key));
    append(&database, &entries).await.unwrap();
    for entry in &entries {
        let found = command_log::find_job(database.store(), LOCAL, entry.job).await.unwrap();
        assert_eq!(found.as_ref(), Some(entry));
    }
}

#[tokio::test]
async fn times_are_kept_to_the_microsecond() {
    let database = Database::create().await;
    let mut new = entry(LOCAL, "key");
    new.submitted_at = Instant::from_timestamp_micros(1).unwrap();
    new.answered.as_mut().unwrap().at =
        Instant::from_timestamp_micros(253_402_300_799_999_999).unwrap();
    append(&database, std::slice::from_ref(&new)).await.unwrap();
    assert_eq!(command_log::find_job(database.store(), LOCAL, new.job).await.unwrap(), Some(new));
}
