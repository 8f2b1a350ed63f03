//! Test 4: real writes. Every user subscribes, renews, gives a gift to the next user, redeems
//! the gift of the one before, and cancels. Steps follow each other; the users of a step do not.

use serde_json::{Value, json};

use super::read_back::{Page, read_back};
use super::{RunId, measure};
use crate::client::{Client, PREFER_OUTCOME, Submission};
use crate::outcome::{Outcome, Sample};

const TITLE: &str = "4 writes";

/// The steps, in their order.
const STEPS: usize = 6;
const USER: usize = 0;
const SUBSCRIBE: usize = 1;
const RENEW: usize = 2;
const GIFT: usize = 3;
const REDEEM: usize = 4;
const CANCEL: usize = 5;

/// What a step's commands made, by number; `None` where one failed or could not be sent.
type Ids = Vec<Option<i64>>;

/// Sends `planned` writes; `note` says why they are not as many as were asked for.
pub(super) async fn run(
    client: &Client,
    run_id: &RunId,
    width: usize,
    (planned, note): (usize, Option<String>),
) -> Outcome {
    client.progress().start(TITLE, planned);
    if let Some(note) = &note {
        client.progress().note(note);
    }
    let mut outcome = Outcome::new(TITLE);
    outcome.notes.extend(note);
    let mut writes = Writes { client, run_id, width, planned, outcome };
    let pages = writes.write().await;
    let mut outcome = writes.outcome;
    outcome.expect_successes(planned, "done: users, subscribe, renew, gift, redeem, cancel");
    read_back(client, width, &pages, &mut outcome).await;
    outcome
}

/// The writes so far.
struct Writes<'a> {
    client: &'a Client,
    run_id: &'a RunId,
    width: usize,
    planned: usize,
    outcome: Outcome,
}

impl Writes<'_> {
    /// All steps; returns the pages on which their effects must show.
    async fn write(&mut self) -> Vec<Page> {
        let (run_id, count) = (self.run_id, self.share(USER));
        let email = |index: usize| run_id.email(&index.to_string());
        let next = |index: usize| (index + 1) % count;

        let users = |index| Some(json!({ "email": email(index) }));
        let users = self.step(USER, "/users", 201, users).await;
        let subscribe = |index| Some(json!({ "user_id": id(&users, index)?, "plan": "monthly" }));
        let subscribed = self.step(SUBSCRIBE, "/subscribe", 201, subscribe).await;
        let renew = |index| {
            Some(json!({ "subscription_id": id(&subscribed, index)?, "duration_months": 1 }))
        };
        self.step(RENEW, "/renew", 200, renew).await;
        let gift = |index| {
            let (gifter, recipient) = (id(&users, index)?, email(next(index)));
            Some(json!({ "gifter_id": gifter, "recipient_email": recipient, "duration_months": 1 }))
        };
        let gifts = self.step(GIFT, "/gift", 201, gift).await;
        let redeem = |index| {
            Some(json!({ "gift_id": id(&gifts, index)?, "user_id": id(&users, next(index))? }))
        };
        self.step(REDEEM, "/gift/redeem", 200, redeem).await;
        let cancel = |index| Some(json!({ "subscription_id": id(&subscribed, index)? }));
        self.step(CANCEL, "/cancel", 200, cancel).await;
        self.pages(&users, &subscribed, &gifts)
    }

    /// One command for each of the step's users. Where `body` is `None`, an earlier command
    /// failed and this one cannot be sent.
    async fn step(
        &mut self,
        step: usize,
        path: &str,
        status: u16,
        body: impl Fn(usize) -> Option<Value>,
    ) -> Ids {
        let key = |index| self.run_id.key(&format!("write-{step}-{index}"));
        let command = |index| Some((index, key(index), body(index)?));
        let commands: Vec<(usize, String, Value)> =
            (0..self.share(step)).filter_map(command).collect();
        let client = self.client;
        let requests = commands.iter().map(async |(_, key, body)| {
            client.submit(&Submission { path, key, body, prefer: PREFER_OUTCOME }).await
        });
        let measured = measure(client, self.width, requests).await;

        let mut ids = vec![None; self.share(step)];
        for ((index, _, _), call) in commands.iter().zip(&measured.calls) {
            self.outcome.samples.push(Sample::of(call, status));
            if let Some(slot) = ids.get_mut(*index) {
                *slot = call.require_id(status).ok();
            }
        }
        self.outcome.wall += measured.wall;
        self.outcome.waited += measured.waited;
        ids
    }

    fn pages(&self, users: &Ids, subscribed: &Ids, gifts: &Ids) -> Vec<Page> {
        let subscriptions = (0..subscribed.len()).filter_map(|index| {
            id(subscribed, index)?;
            let shows = if index < self.share(CANCEL) { "cancelled" } else { "active" };
            Some(Page { path: format!("/subscriptions/{}", id(users, index)?), shows })
        });
        let gifts = (0..gifts.len()).filter_map(|index| {
            let shows = if index < self.share(REDEEM) { "redeemed" } else { "pending" };
            Some(Page { path: format!("/gifts/{}", id(gifts, index)?), shows })
        });
        subscriptions.chain(gifts).collect()
    }

    fn share(&self, step: usize) -> usize {
        share(self.planned, step)
    }
}

/// How many of `planned` writes fall to a step: an even share, one more for the first steps,
/// because each step needs what the ones before it made.
fn share(planned: usize, step: usize) -> usize {
    planned / STEPS + usize::from(step < planned % STEPS)
}

fn id(ids: &Ids, index: usize) -> Option<i64> {
    ids.get(index).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_never_grow_from_step_to_step() {
        for planned in 6..300 {
            let shares: Vec<usize> = (0..STEPS).map(|step| share(planned, step)).collect();
            assert_eq!(shares.iter().sum::<usize>(), planned);
            assert!(shares.is_sorted_by(|one, next| one >= next), "{shares:?}");
            assert!(shares[CANCEL] > 0);
        }
    }
}
