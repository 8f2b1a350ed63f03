//! Everything goes wrong at once, and clients do what the contract tells them: repeat with the
//! same key. Each command must be done once, and each key must have one answer for ever.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Client, Stack, WithDatabase, concurrently, integer_of, text_of};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const LANES: usize = 12;
const ROUNDS: usize = 12;

/// Repeats a command with its key until its own answer comes, on one api and then on the other.
async fn persist(clients: &[Client; 2], path: &str, key: &str, body: &Value) -> Result<Answer> {
    let deadline = Instant::now() + Duration::from_mins(2);
    for client in clients.iter().cycle() {
        ensure!(Instant::now() < deadline, "no answer to {path} {key}");
        match client.post_preferring("wait=2", path, key, body).await {
            Ok(answer) if [202, 503].contains(&answer.status) => {
                ensure!(answer.header("retry-after").is_some(), "{answer}");
                // Not as long as told: impatience must do no harm.
                sleep(Duration::from_millis(50)).await;
            }
            Ok(answer) => return Ok(answer),
            // The api was killed meanwhile.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
    unreachable!("a cycle has no end")
}

/// One customer's life: subscribes, renews, is given months, redeems them, cancels, again and
/// again. Gives every command with its answer, and the months that must have come together.
async fn live(clients: [Client; 2], lane: usize) -> Result<Vec<(String, String, Value, Answer)>> {
    let mut log = Vec::new();
    let email = format!("lane{lane}@example.com");
    let mut step = 0;
    let mut run = async |path: &str, body: Value, status: u16| {
        step += 1;
        let key = format!("lane{lane}-{step}");
        let answer = persist(&clients, path, &key, &body).await?;
        ensure!(answer.status == status, "{key}: wanted {status}, got {answer}");
        let value: Value = serde_json::from_slice(&answer.body)?;
        log.push((path.to_owned(), key, body, answer));
        Ok(value)
    };
    let user = integer_of(&run("/users", json!({"email": email}), 201).await?, "id")?;
    for _ in 0..ROUNDS {
        let wish = json!({"user_id": user, "plan": "monthly"});
        let bought = run("/subscribe", wish.clone(), 201).await?;
        run("/subscribe", wish, 409).await?;
        let id = integer_of(&bought, "id")?;
        run("/renew", json!({"subscription_id": id, "duration_months": 2}), 200).await?;
        let gift = json!({"gifter_id": user, "recipient_email": email, "duration_months": 3});
        let gift = run("/gift", gift, 201).await?;
        let redeem = json!({"gift_id": integer_of(&gift, "id")?, "user_id": user});
        let redeemed = run("/gift/redeem", redeem.clone(), 200).await?;
        let extended = integer_of(&redeemed, "subscription_id")?;
        ensure!(extended == id, "not the running one: {redeemed}");
        run("/gift/redeem", redeem, 409).await?;
        run("/cancel", json!({"subscription_id": id}), 200).await?;
    }
    Ok(log)
}

/// Breaks one thing after the other until `calm` says that the customers are done.
async fn wreak_havoc(stack: &mut Stack, calm: impl Fn() -> bool) -> Result<u32> {
    let mut blows = 0;
    while !calm() {
        match blows % 7 {
            0 | 4 => stack.redis().flush_all().await?,
            1 | 5 => {
                stack.worker(blows as usize % 3)?.kill();
                sleep(Duration::from_millis(200)).await;
                stack.worker(blows as usize % 3)?.start().await?;
            }
            2 => {
                stack.redis().kill();
                sleep(Duration::from_millis(300)).await;
                stack.redis().resume().await?;
            }
            3 => {
                stack.proxy()?.cut();
                sleep(Duration::from_millis(300)).await;
                stack.proxy()?.restore();
            }
            _ => {
                stack.api(1)?.kill();
                stack.api(1)?.start().await?;
            }
        }
        blows += 1;
        sleep(Duration::from_millis(250)).await;
    }
    Ok(blows)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_any_chaos_each_command_is_done_once_and_each_key_has_one_answer() -> Result<()> {
    let mut stack = Stack::builder()
        .apis(2)
        .workers(3)
        .postgres_proxy()
        .worker("WORKER_ORPHAN_SECONDS", 2)
        .worker("SWEEP_INTERVAL_SECONDS", 1)
        .start()
        .await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let lanes = clients.clone();
    let customers = tokio::spawn(concurrently(LANES, LANES, move |lane| live(lanes.clone(), lane)));
    let blows = wreak_havoc(&mut stack, || customers.is_finished()).await?;
    let logs = customers.await??;
    assert!(blows > 7, "only {blows} blows: make the customers live longer");

    // One ledger row a command, and the sum of all effects is what the customers were told.
    let told: BTreeMap<_, _> = logs.iter().flatten().map(|(_, key, _, a)| (key, a)).collect();
    assert_eq!(told.len(), LANES * (1 + 7 * ROUNDS));
    let rows: Vec<(String, i16, String)> = sqlx::query_as(
        "SELECT idempotency_key, status, body FROM transactions JOIN clients \
         ON clients.id = client_id WHERE clients.name = 'local'",
    )
    .fetch_all(stack.db())
    .await?;
    assert_eq!(rows.len(), told.len());
    for (key, status, body) in &rows {
        let answer = told.get(key).with_context(|| format!("{key} was never sent"))?;
        assert_eq!((i32::from(answer.status), answer.text()), (i32::from(*status), body.clone()));
    }
    let months = "SELECT coalesce(sum(months), 0) FROM subscriptions";
    assert_eq!(stack.count(months).await?, i64::try_from(LANES * ROUNDS * (1 + 2 + 3))?);

    // And the answer is still the same, from whichever api and whichever memory.
    for (index, (path, key, body, first)) in logs.iter().flatten().enumerate() {
        if index % 200 == 0 {
            stack.redis().flush_all().await?;
        }
        let replay = persist(&clients, path, key, body).await?;
        replay.ensure_replay_of(first)?;
    }
    // The ids of a batch that was undone are lost, so that nobody need be user 1.
    let user = integer_of(&logs[0][0].3.json(201)?, "id")?;
    let last = clients[0].latest_subscription(user).await?;
    assert_eq!(text_of(&last, "status")?, "cancelled");
    stack.done().await
}
