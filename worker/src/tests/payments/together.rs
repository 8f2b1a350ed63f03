//! Settlements that are committed together: each gets what is its own, and what one of them makes
//! fail is settled for the others all the same.

use super::sample::{Till, subscribe};
use crate::effects::{Begun, Course, Settlement, commit};
use crate::fault::Fault;
use crate::schedule::job::DueJob;
use crate::tests::attempts::POLICY;
use domain::{ChargeOutcome, EffectTask, InternalCommand, SettlePayment};
use store::StoreError;
use support::Database;

/// The settlement of a charge that has succeeded.
fn succeeded(begun: &Begun) -> (InternalCommand, Course) {
    let EffectTask::Charge(charge) = &begun.effect.task else { panic!("{:?}", begun.effect) };
    let outcome = ChargeOutcome::Succeeded;
    let command = SettlePayment { payment_id: charge.payment, outcome };
    (command.into(), Course::Done(begun.claim().unwrap()))
}

async fn begin(till: &Till<'_>, names: [&str; 3]) -> Vec<Begun> {
    let mut begun = Vec::new();
    for name in names {
        let user = till.payer(name, "sim_ok").await;
        begun.push(till.begin(subscribe(user)).await);
    }
    begun
}

async fn commit_all(till: &Till<'_>, all: &[Begun]) -> Result<Vec<Vec<u16>>, Fault> {
    let settlement = |begun: &Begun| {
        let (command, course) = succeeded(begun);
        let job = DueJob::new(0, runtime::clock::now(), till.shop.client, command);
        Settlement { job, course: Some(course) }
    };
    let settlements: Vec<Settlement> = all.iter().map(settlement).collect();
    let (database, slots) = (&till.ground.database, &till.ground.slots);
    let settled = commit(database, slots, POLICY, &settlements).await?;
    let jobs: Vec<_> =
        settled.iter().map(|one| one.entries.iter().map(|entry| entry.job)).collect();
    let own = all.iter().map(|begun| begun.effect.job);
    assert!(jobs.into_iter().flatten().eq(own), "each has the answer of its own job");
    let statuses = settled.into_iter().map(|one| one.entries.into_iter());
    Ok(statuses.map(|entries| entries.map(|e| e.answer().unwrap().status).collect()).collect())
}

#[tokio::test]
async fn each_of_one_transaction_gets_its_own_answer() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let begun = begin(&till, ["ann", "bob", "cid"]).await;
    assert_eq!(commit_all(&till, &begun).await.unwrap(), [[201], [201], [201]]);
    let settled = "SELECT count(DISTINCT xmin::text) FROM transactions
                   WHERE operation = 'settle_payment'";
    assert_eq!(database.value::<i64>(settled).await, 1);
    assert_eq!(till.shop.count("subscriptions", "status = 'active'").await, 3);
    assert_eq!(till.shop.count("effects", "true").await, 0);
}

#[tokio::test]
async fn who_has_lost_his_effect_takes_nobody_with_him() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let begun = begin(&till, ["ann", "bob", "cid"]).await;
    let lost = begun[1].effect.id.get();
    let taken = format!("UPDATE effects SET holder = gen_random_uuid() WHERE id = '{lost}'");
    database.run(&taken).await;

    let together = commit_all(&till, &begun).await;
    assert!(matches!(together, Err(Fault::Store(StoreError::ClaimLost))), "{together:?}");
    assert_eq!(till.shop.count("subscriptions", "status = 'active'").await, 0);

    let settle = |begun| {
        let (command, course) = succeeded(begun);
        till.ground.settle(till.shop.client, command, course)
    };
    let (ann, bob, cid) = tokio::join!(settle(&begun[0]), settle(&begun[1]), settle(&begun[2]));
    assert!(matches!(bob, Err(Fault::Store(StoreError::ClaimLost))), "{bob:?}");
    for settled in [ann, cid] {
        assert_eq!(settled.unwrap().entries[0].answer().unwrap().status, 201);
    }
    assert_eq!(till.shop.count("subscriptions", "status = 'active'").await, 2);
    assert_eq!(till.shop.count("effects", "true").await, 1);
}
