//! The scripts of apalis, amended so that they run on a Redis that is full. Redis refuses the first
//! write of a script if it needs memory while there is none. What workers do frees memory, so each
//! script is given a first write that needs none. Our own scripts begin with one of their own.

use redis::{Arg, Cmd, ErrorKind, RedisError, Script, ServerErrorKind, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first write: it deletes a key that never exists. The lines of the script keep their numbers.
const FIRST_WRITE: &str = "redis.call('DEL', KEYS[1] .. ':none') ";

/// The hashes of amended scripts by those of the scripts as apalis knows them.
#[derive(Clone, Default)]
pub(crate) struct AmendedScripts(Arc<Mutex<HashMap<Vec<u8>, String>>>);

/// A command to send instead of one of apalis.
pub(crate) struct Amended {
    pub(crate) cmd: Cmd,
    /// The reply that apalis expects when it succeeds, where that is another one.
    pub(crate) reply: Option<Value>,
}

impl AmendedScripts {
    /// What to send instead of `cmd`; `None` if it is no script. A script that was not loaded by
    /// way of this value is reported as unknown to Redis, so that apalis loads it.
    pub(crate) fn amend(&self, cmd: &Cmd) -> Result<Option<Amended>, RedisError> {
        let mut args = cmd.args_iter().map(bytes);
        match (args.next(), args.next()) {
            (Some(b"EVALSHA"), Some(hash)) => {
                let amended = self.hashes().get(hash).cloned();
                let amended = amended.ok_or_else(unknown_script)?;
                let mut call = redis::cmd("EVALSHA");
                call.arg(amended);
                for arg in args {
                    call.arg(arg);
                }
                Ok(Some(Amended { cmd: call, reply: None }))
            }
            (Some(b"SCRIPT"), Some(b"LOAD")) => Ok(args.next().map(|text| self.load(text))),
            _ => Ok(None),
        }
    }

    fn load(&self, text: &[u8]) -> Amended {
        let text = String::from_utf8_lossy(text);
        let amended = format!("{FIRST_WRITE}{text}");
        let hash = Script::new(&text).get_hash().as_bytes().to_vec();
        self.hashes().insert(hash.clone(), Script::new(&amended).get_hash().to_owned());
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(amended);
        Amended { cmd: load, reply: Some(Value::BulkString(hash)) }
    }

    fn hashes(&self) -> MutexGuard<'_, HashMap<Vec<u8>, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over an iterator of values")]
fn bytes(arg: Arg<&[u8]>) -> &[u8] {
    match arg {
        Arg::Simple(bytes) => bytes,
        _ => b"",
    }
}

fn unknown_script() -> RedisError {
    (ErrorKind::Server(ServerErrorKind::NoScript), "the script is to be loaded").into()
}
