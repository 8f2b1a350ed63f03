//! What providers tell, and what the simulated one keeps.

use super::{LOCAL, usd};
use domain::{PaymentId, Provider, RefundId};
use std::time::Duration;
use store::provider_inbox;
use store::simulated::{self, Durability, NewCharge, NewRefund};
use support::Database;

pub(super) async fn inbox(database: &Database) {
    let store = database.store();
    assert!(provider_inbox::put(store, Provider::Stripe, "evt_1", "{}").await.unwrap());
    assert!(!provider_inbox::put(store, Provider::Stripe, "evt_1", "{}").await.unwrap());
    assert!(provider_inbox::put(store, Provider::Simulated, "evt_1", "{}").await.unwrap());
    let taken = provider_inbox::take(store, 10).await.unwrap();
    assert_eq!(taken.len(), 2);
    // They are left to who has taken them.
    assert_eq!(provider_inbox::take(store, 10).await.unwrap(), []);
    provider_inbox::settle(store, &taken[0]).await.unwrap();
    provider_inbox::put_off(store, &taken[1], Duration::ZERO).await.unwrap();
    let again = provider_inbox::take(store, 10).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (1, 2));
    assert_eq!(provider_inbox::count_open(store).await.unwrap(), 1);
    // What is settled is told apart from what is new.
    let settled = Provider::parse(&taken[0].provider).unwrap();
    assert!(!provider_inbox::put(store, settled, "evt_1", "{}").await.unwrap());
}

pub(super) async fn provider(database: &Database) {
    let store = database.store();
    let payment = PaymentId::new(3);
    let new = NewCharge {
        key: "key",
        client: LOCAL,
        payment,
        amount: 1000,
        currency: usd(),
        method: "sim_action",
        status: "action_required",
        decline_code: None,
    };
    let one = std::slice::from_ref(&new);
    let made = simulated::charge(store, one, Durability::Own).await.unwrap();
    assert_eq!((made[0].sends, made[0].is_awaiting_action()), (1, true));
    // Whatever is sent later, the first stands.
    let again = NewCharge { status: "succeeded", amount: 7, ..new.clone() };
    let beside = NewCharge { key: "beside", ..new.clone() };
    let several = [beside, again.clone(), again];
    let found = simulated::charge(store, &several, Durability::OfWhatFollows).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.sends, one.amount, &*one.status)).collect();
    let first = (2, 1000, "action_required");
    assert_eq!(found, [(1, 1000, "action_required"), first, first]);
    assert_eq!(simulated::ask(store, "key").await.unwrap().unwrap().sends, 3);
    assert_eq!(simulated::ask(store, "other").await.unwrap(), None);
    for succeeds in [false, true] {
        let status = simulated::act(store, "key", succeeds).await.unwrap();
        assert_eq!(status.as_deref(), Some("declined"), "what was done once stays");
    }
    assert!(!simulated::end(store, "key", "processing", "succeeded", None).await.unwrap());
    let found = simulated::find(store, "key").await.unwrap().unwrap();
    assert_eq!(found.decline_code.as_deref(), Some("generic_decline"));
    assert_eq!(simulated::charges(store, LOCAL, payment).await.unwrap().len(), 2);

    let (refund, currency) = (RefundId::new(4), usd());
    let new = NewRefund { key: "key", client: LOCAL, payment, refund, amount: 100, currency };
    assert_eq!(simulated::find_refund(store, "key").await.unwrap(), None);
    for _ in 0..2 {
        assert_eq!(simulated::refund(store, &new).await.unwrap(), "succeeded");
    }
    let found = simulated::find_refund(store, "key").await.unwrap();
    assert_eq!(found.as_deref(), Some("succeeded"));
}

#[tokio::test]
async fn what_providers_tell_is_stored_once_and_taken_by_one() {
    inbox(&Database::create().await).await;
}

#[tokio::test]
async fn the_simulated_provider_charges_and_pays_back_once_for_a_key() {
    provider(&Database::create().await).await;
}
