//! The mix of commands: 40 subscribe, 20 renew, 10 cancel, 15 gift, 15 redeem of a hundred. All of
//! them must succeed, so each connection remembers what it has made.

use super::{Users, key, post};
use crate::driver::{Load, Reply};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Subscribe,
    Renew,
    Cancel,
    Gift,
    Redeem,
}

use Kind::{Cancel, Gift, Redeem, Renew, Subscribe};

/// As many of each as its share asks for. A connection begins somewhere in it, and passes over what
/// it has nothing for yet.
const CYCLE: [Kind; 20] = [
    Subscribe, Gift, Subscribe, Renew, Redeem, Subscribe, Cancel, Subscribe, Renew, Gift, //
    Subscribe, Redeem, Renew, Subscribe, Gift, Subscribe, Cancel, Renew, Redeem, Subscribe,
];

/// Subscriptions that a connection remembers, at most.
const REMEMBERED_MAX: usize = 64;

#[derive(Default)]
struct Customer {
    /// Where it is in the cycle.
    at: usize,
    /// Active ones, the oldest first.
    subscriptions: Vec<i64>,
    /// Pending ones, and for whom.
    gifts: Vec<(i64, i64)>,
    /// What was sent last, and the user that it was for.
    sent: Option<(Kind, i64)>,
}

/// The mix, for any number of connections.
pub(crate) struct Mixed {
    users: Users,
    run: u32,
    requests: i64,
    customers: Vec<Customer>,
}

impl Mixed {
    pub(crate) fn new(users: Users, run: u32, connections: usize) -> Self {
        let customers = (0..connections).map(|at| Customer { at, ..Customer::default() });
        Self { users, run, requests: 0, customers: customers.collect() }
    }
}

impl Customer {
    /// Path and body of a command of that kind, and the user that it is for, if that matters.
    fn command(&mut self, kind: Kind, users: &Users) -> Option<(&'static str, String, i64)> {
        Some(match kind {
            Subscribe => {
                let user = users.take()?;
                (
                    "/subscribe",
                    format!(r#"{{"user_id":{user},"plan":"monthly","duration_months":1}}"#),
                    user,
                )
            }
            Renew => {
                let id = self.subscriptions.last()?;
                ("/renew", format!(r#"{{"subscription_id":{id},"duration_months":1}}"#), 0)
            }
            Cancel => {
                let id = (!self.subscriptions.is_empty()).then(|| self.subscriptions.remove(0))?;
                ("/cancel", format!(r#"{{"subscription_id":{id}}}"#), 0)
            }
            Gift => {
                let user = users.take()?;
                let to = format!(r#""recipient_email":"user{user}@bench.example""#);
                ("/gift", format!(r#"{{"gifter_id":{user},{to},"duration_months":1}}"#), user)
            }
            Redeem => {
                let (gift, user) = self.gifts.pop()?;
                ("/gift/redeem", format!(r#"{{"gift_id":{gift},"user_id":{user}}}"#), user)
            }
        })
    }
}

impl Load for Mixed {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool {
        let Some(customer) = self.customers.get_mut(connection) else { return false };
        let found = (0..CYCLE.len()).find_map(|_| {
            let kind = *CYCLE.get(customer.at % CYCLE.len())?;
            customer.at += 1;
            Some((kind, customer.command(kind, &self.users)?))
        });
        let Some((kind, (path, body, user))) = found else { return false };
        self.requests += 1;
        post(request, path, &key(self.run, self.requests), "", format_args!("{body}"));
        customer.sent = Some((kind, user));
        true
    }

    fn answered(&mut self, connection: usize, reply: &Reply<'_>) -> bool {
        let Some(customer) = self.customers.get_mut(connection) else { return false };
        let Some((kind, user)) = customer.sent.take() else { return false };
        if reply.status != if matches!(kind, Subscribe | Gift) { 201 } else { 200 } {
            return false;
        }
        match kind {
            Subscribe => customer.subscriptions.extend(integer(reply.body, "id")),
            Gift => customer.gifts.extend(integer(reply.body, "id").map(|id| (id, user))),
            Redeem => customer.subscriptions.extend(integer(reply.body, "subscription_id")),
            Renew | Cancel => {}
        }
        let excess = customer.subscriptions.len().saturating_sub(REMEMBERED_MAX);
        customer.subscriptions.drain(..excess);
        true
    }
}

/// The integer after `"name":` in a JSON body of the product.
fn integer(body: &[u8], name: &str) -> Option<i64> {
    let after = std::str::from_utf8(body).ok()?.split_once(&format!("\"{name}\":"))?.1;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_finds_what_it_needs() {
        let mut load = Mixed::new(Users::new(1, 1_000_000), 7, 2);
        let mut counts = std::collections::BTreeMap::new();
        for id in 0..12_000 {
            let mut request = Vec::new();
            assert!(load.next(id % 2, &mut request));
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap().to_owned();
            let status = if ["/subscribe", "/gift"].contains(&path.as_str()) { 201 } else { 200 };
            let body = format!(r#"{{"id":{id},"subscription_id":{id}}}"#);
            assert!(load.answered(id % 2, &Reply { status, head: b"", body: body.as_bytes() }));
            *counts.entry(path).or_insert(0) += 1;
        }
        let share = |path: &str| counts[path] * 100 / 12_000;
        assert!((39..=41).contains(&share("/subscribe")), "{counts:?}");
        assert!((14..=15).contains(&share("/gift/redeem")), "{counts:?}");
        assert!((9..=10).contains(&share("/cancel")), "{counts:?}");
    }
}
