//! Subscribing, and asking again.

use super::users::Users;
use super::write::post;
use crate::driver::{Load, Reply};

/// `POST /subscribe`, each for another user under another key.
pub(crate) struct Subscribe {
    /// For whom.
    pub(crate) users: Users,
    /// Which run of the driver it is: keys differ from those of all other runs.
    pub(crate) run: u32,
    /// `Prefer: respond-async`.
    pub(crate) no_wait: bool,
    /// How many to send; `None` for as many as there are users.
    pub(crate) left: Option<u64>,
}

impl Load for Subscribe {
    fn next(&mut self, _connection: usize, request: &mut Vec<u8>) -> bool {
        if let Some(left) = &mut self.left {
            let Some(fewer) = left.checked_sub(1) else { return false };
            *left = fewer;
        }
        let Some(user) = self.users.take() else { return false };
        let prefer = if self.no_wait { "Prefer: respond-async\r\n" } else { "" };
        subscribe(request, user, (self.run, user), prefer);
        true
    }

    fn answered(&mut self, _connection: usize, reply: Reply<'_>) -> bool {
        reply.status == if self.no_wait { 202 } else { 201 }
    }
}

/// One finished key a connection, again and again.
pub(crate) struct Replay {
    users: Vec<i64>,
    run: u32,
}

impl Replay {
    /// A key for each of so many connections, used in the warm-up first.
    pub(crate) fn new(connections: usize, users: &Users, run: u32) -> Self {
        Self { users: (0..connections).filter_map(|_| users.take()).collect(), run }
    }
}

impl Load for Replay {
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool {
        let Some(user) = self.users.get(connection) else { return false };
        subscribe(request, *user, (self.run, *user), "");
        true
    }

    fn answered(&mut self, _connection: usize, reply: Reply<'_>) -> bool {
        reply.status == 201
    }
}

pub(super) fn subscribe(request: &mut Vec<u8>, user: i64, key: (u32, i64), headers: &str) {
    let body =
        format_args!(r#"{{"user_id":{user},"plan":"monthly","duration_months":1}}"#).to_string();
    post(request, "/subscribe", key, headers, &body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_as_many_are_sent_as_asked_for() {
        let users = Users::new(1, 10);
        let mut load = Subscribe { users, run: 1, no_wait: true, left: Some(2) };
        let mut request = Vec::new();
        assert_eq!([0, 1, 2].map(|at| load.next(at, &mut request)), [true, true, false]);
        assert!(load.answered(0, Reply { status: 202, body: b"" }));
        assert!(!load.answered(0, Reply { status: 503, body: b"" }));
    }
}
