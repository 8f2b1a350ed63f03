//! What the driver sends: loads that need no memory of their answers, and the mix.

mod mixed;

pub(crate) use mixed::Mixed;

use crate::driver::{Load, Reply};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cell::Cell;
use std::fmt::{Arguments, Display};
use std::io::Write;
use std::ops::RangeInclusive;
use std::rc::Rc;

/// The next unused user of a database; clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    next: Rc<Cell<i64>>,
    last: i64,
}

impl Users {
    /// Users `first` to `last`.
    pub(crate) fn new(first: i64, last: i64) -> Self {
        Self { next: Rc::new(Cell::new(first)), last }
    }

    /// One that was not taken before; `None` when all have been.
    pub(crate) fn take(&self) -> Option<i64> {
        let user = self.next();
        self.next.set(user + 1);
        (user <= self.last).then_some(user)
    }

    /// The same, with more of them: the last is `last`.
    pub(crate) fn up_to(&self, last: i64) -> Self {
        Self { next: Rc::clone(&self.next), last }
    }

    /// The first that was not taken.
    pub(crate) fn next(&self) -> i64 {
        self.next.get().min(self.last + 1)
    }
}

/// A page of subscriptions without any is shorter than this.
const PAGE_MIN: usize = 150;

/// Requests written by `write`, and what each must be answered with.
struct Plain<W> {
    write: W,
    status: u16,
    body_min: usize,
}

impl<W: FnMut(usize, &mut Vec<u8>) -> bool> Load for Plain<W> {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool {
        (self.write)(connection, request)
    }

    fn answered(&mut self, _connection: usize, reply: &Reply<'_>) -> bool {
        reply.status == self.status && reply.body.len() >= self.body_min
    }
}

/// `POST /subscribe`, each for another user under another key, if there are users enough.
pub(crate) fn subscribe(users: Users, run: u32) -> Box<dyn Load> {
    subscriptions((run, "monthly"), "", 201, move |_| users.take())
}

/// The same of a plan that costs something: users need a card.
pub(crate) fn buy(users: Users, run: u32) -> Box<dyn Load> {
    subscriptions((run, "priced"), "", 201, move |_| users.take())
}

/// The same as [`subscribe`] without waiting for what comes of it.
pub(crate) fn accept(users: Users, run: u32) -> Box<dyn Load> {
    subscriptions((run, "monthly"), "Prefer: respond-async\r\n", 202, move |_| users.take())
}

/// One finished key a connection, again and again: it is used in the warm-up first.
pub(crate) fn replay(users: &Users, run: u32, connections: usize) -> Box<dyn Load> {
    let users: Vec<i64> = (0..connections).filter_map(|_| users.take()).collect();
    subscriptions((run, "monthly"), "", 201, move |connection| users.get(connection).copied())
}

fn subscriptions(
    (run, plan): (u32, &'static str),
    headers: &'static str,
    status: u16,
    mut user: impl FnMut(usize) -> Option<i64> + 'static,
) -> Box<dyn Load> {
    let write = move |connection, request: &mut Vec<u8>| {
        let Some(user) = user(connection) else { return false };
        let body = format_args!(r#"{{"user_id":{user},"plan":"{plan}","duration_months":1}}"#);
        post(request, "/subscribe", &key(run, user), headers, body);
        true
    };
    Box::new(Plain { write, status, body_min: 0 })
}

/// `GET /subscriptions/{user_id}` of random users, who must have one.
pub(crate) fn read(users: RangeInclusive<i64>, seed: u64) -> Box<dyn Load> {
    let mut rng = StdRng::seed_from_u64(seed);
    let write = move |_, request: &mut Vec<u8>| {
        let user = rng.random_range(users.clone());
        get(request, &format_args!("/subscriptions/{user}"), "");
        true
    };
    Box::new(Plain { write, status: 200, body_min: PAGE_MIN })
}

/// Appends a POST. `headers` end with a line feed each.
pub(crate) fn post(
    request: &mut Vec<u8>,
    path: &str,
    key: &str,
    headers: &str,
    body: Arguments<'_>,
) {
    let body = body.to_string();
    let length = body.len();
    // Writing to memory cannot fail.
    let _ = write!(
        request,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
}

/// Appends a GET.
pub(crate) fn get(request: &mut Vec<u8>, path: &impl Display, headers: &str) {
    let _ = write!(request, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
}

/// A key as long as a UUID; no two of (run of the driver, number) give the same one.
fn key(run: u32, number: i64) -> String {
    format!("{run:08x}-0000-4000-8000-{number:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_subscribes_once_and_must_be_accepted() {
        let users = Users::new(254, 255);
        let mut load = accept(users.clone(), 1);
        let mut request = Vec::new();
        assert_eq!([0, 1, 2].map(|at| load.next(at, &mut request)), [true, true, false]);
        let text = String::from_utf8(request).unwrap();
        assert!(text.contains("Key: 00000001-0000-4000-8000-0000000000ff\r\nPrefer"), "{text}");
        assert!(
            text.ends_with("\r\n\r\n{\"user_id\":255,\"plan\":\"monthly\",\"duration_months\":1}")
        );
        let reply = |status| Reply { status, head: b"", body: b"" };
        assert!(load.answered(0, &reply(202)) && !load.answered(0, &reply(503)));
    }
}
