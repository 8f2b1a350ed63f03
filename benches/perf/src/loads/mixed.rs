//! The mix of commands: 40 subscribe, 20 renew, 10 cancel, 15 gift, 15 redeem of a hundred. All of
//! them must succeed, so each connection remembers what it has made.

use super::commands::subscribe;
use super::users::{Users, email_of};
use super::write::{integer, post};
use crate::driver::{Load, Reply};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Subscribe,
    Renew,
    Cancel,
    Gift,
    Redeem,
}

/// Dealt out whole before the next, so that the shares are exact.
const DECK: [(Kind, usize); 5] =
    [(Kind::Subscribe, 8), (Kind::Renew, 4), (Kind::Cancel, 2), (Kind::Gift, 3), (Kind::Redeem, 3)];

/// Enough to begin with, whatever the deck's order: sent in the warm-up.
const FIRST: [(Kind, usize); 2] = [(Kind::Subscribe, 3), (Kind::Gift, 3)];

#[derive(Default)]
struct Customer {
    deck: Vec<Kind>,
    dealt: usize,
    /// Active ones, the oldest first.
    subscriptions: Vec<i64>,
    /// Pending ones, and for whom.
    gifts: Vec<(i64, i64)>,
    sent: Option<(Kind, i64)>,
}

/// The mix, for any number of connections.
pub(crate) struct Mixed {
    users: Users,
    run: u32,
    requests: i64,
    rng: StdRng,
    customers: Vec<Customer>,
}

impl Mixed {
    /// A mix of as many customers as there are connections.
    pub(crate) fn new(connections: usize, users: Users, run: u32) -> Self {
        let customers = (0..connections).map(|_| Customer::default()).collect();
        Self { users, run, requests: 0, rng: StdRng::seed_from_u64(u64::from(run)), customers }
    }
}

impl Customer {
    fn next_kind(&mut self, rng: &mut StdRng) -> Option<Kind> {
        if self.deck.is_empty() {
            let cards: &[(Kind, usize)] = if self.dealt == 0 { &FIRST } else { &DECK };
            self.deck = cards.iter().flat_map(|(kind, n)| std::iter::repeat_n(*kind, *n)).collect();
            self.deck.shuffle(rng);
            self.dealt += 1;
        }
        self.deck.pop()
    }
}

impl Load for Mixed {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool {
        let Some(customer) = self.customers.get_mut(connection) else { return false };
        self.requests += 1;
        let key = (self.run, self.requests);
        let Some(kind) = customer.next_kind(&mut self.rng) else { return false };
        let (about, written) = match kind {
            Kind::Subscribe => self.users.take().map(|user| {
                subscribe(request, user, key, "");
                (user, true)
            }),
            Kind::Renew => customer.subscriptions.last().map(|id| {
                let body = format!(r#"{{"subscription_id":{id},"duration_months":1}}"#);
                post(request, "/renew", key, "", &body);
                (*id, true)
            }),
            Kind::Cancel => (!customer.subscriptions.is_empty()).then(|| {
                let id = customer.subscriptions.remove(0);
                let body = format!(r#"{{"subscription_id":{id}}}"#);
                post(request, "/cancel", key, "", &body);
                (id, true)
            }),
            Kind::Gift => self.users.take().map(|user| {
                let (gifter, email) = (user, email_of(user));
                let body = format!(
                    r#"{{"gifter_id":{gifter},"recipient_email":"{email}","duration_months":1}}"#
                );
                post(request, "/gift", key, "", &body);
                (user, true)
            }),
            Kind::Redeem => customer.gifts.pop().map(|(gift, user)| {
                let body = format!(r#"{{"gift_id":{gift},"user_id":{user}}}"#);
                post(request, "/gift/redeem", key, "", &body);
                (user, true)
            }),
        }
        .unwrap_or_default();
        customer.sent = Some((kind, about));
        written
    }

    fn answered(&mut self, connection: usize, reply: Reply<'_>) -> bool {
        let Some(customer) = self.customers.get_mut(connection) else { return false };
        let Some((kind, about)) = customer.sent.take() else { return false };
        let expected = match kind {
            Kind::Subscribe | Kind::Gift => 201,
            Kind::Renew | Kind::Cancel | Kind::Redeem => 200,
        };
        if reply.status != expected {
            return false;
        }
        match kind {
            Kind::Subscribe => customer.subscriptions.extend(integer(reply.body, "id")),
            Kind::Gift => customer.gifts.extend(integer(reply.body, "id").map(|id| (id, about))),
            Kind::Redeem => customer.subscriptions.extend(integer(reply.body, "subscription_id")),
            Kind::Renew | Kind::Cancel => {}
        }
        // What a long run leaves behind is of no further use.
        if customer.subscriptions.len() > 64 {
            customer.subscriptions.drain(..32);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_finds_what_it_needs() {
        let mut load = Mixed::new(2, Users::new(1, 1_000_000), 7);
        let mut counts = std::collections::BTreeMap::new();
        let mut id = 0;
        for _ in 0..6_000 {
            for connection in 0..2 {
                let mut request = Vec::new();
                assert!(load.next(connection, &mut request));
                let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap().to_owned();
                id += 1;
                let (status, body) = match path.as_str() {
                    "/subscribe" | "/gift" => (201, format!(r#"{{"id":{id}}}"#)),
                    "/gift/redeem" => (200, format!(r#"{{"subscription_id":{id}}}"#)),
                    _ => (200, "{}".to_owned()),
                };
                assert!(load.answered(connection, Reply { status, body: body.as_bytes() }));
                *counts.entry(path).or_insert(0) += 1;
            }
        }
        let share = |path: &str| counts[path] * 100 / 12_000;
        assert!((39..=41).contains(&share("/subscribe")), "{counts:?}");
        assert!((14..=15).contains(&share("/gift/redeem")), "{counts:?}");
        assert!((9..=10).contains(&share("/cancel")), "{counts:?}");
    }
}
