//! The contract, byte for byte: what clients and operators see, kept in files.
//!
//! The other tests say what must hold. These ones show what is: every kind of answer, as it comes
//! over the wire. So whoever changes a byte of it sees that, and does it on purpose.
//!
//! Only what differs from run to run is replaced: instants, the date, request ids, secrets, and the
//! name that a worker draws for itself. Ids are kept. A fresh database counts from 1, and the id of
//! a job follows from its client and its key. So keys are counted anew in each test, and commands
//! are sent one at a time: two that wait together may be decided in either order.
//!
//! After a change that is meant, `INSTA_UPDATE=always make test ARGS='-p e2e contract'` renews the
//! files. Their diff is what has changed for others.

mod access;
mod command_line;
mod commands;
mod conversation;
mod given_up;
mod input;
mod jobs;
mod limits;
mod metrics;
mod outages;
mod reads;
mod redis_keys;
mod replays;
mod routes;
mod shown;
mod stores;
mod waiting;

use e2e::{Builder, Stack};

/// A stack whose worker does not sweep while a test runs. A sweep changes rows at a time of its
/// own.
fn quiet() -> Builder {
    Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 86_400)
}

/// Compares a text with the file that has it. The files are read like code, so they have short
/// names and lie together.
fn keep(name: &str, text: &str) {
    // The signature of a job is another one in each run.
    let text = shown::masked(&shown::masked(text, "kid"), "mac");
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
