//! What workers do without a command of a client: the internal commands that are due.
//!
//! The `finders` find rows that are due, one finder for each table. The `lane` has their commands
//! decided and committed, many in one transaction (`apply`), beside the batches of clients and
//! never in their way. What fails by itself is remembered (`failing`), so that it holds up nothing
//! else. `ticks` say when to look, and `lag` tells how late all of it is. What providers of
//! payments tell comes from the `inbox`. The ledger has its `closings`.

pub(crate) mod apply;
pub(crate) mod closings;
mod failing;
pub(crate) mod finders;
pub(crate) mod inbox;
pub(crate) mod job;
pub(crate) mod lag;
pub(crate) mod lane;
pub(crate) mod ticks;
