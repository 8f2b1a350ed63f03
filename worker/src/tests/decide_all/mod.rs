//! What a batch of commands comes to: each sees what those before it did, and none is done twice.

mod in_turn;
mod once;
mod sample;
mod splitting;
mod test_clients;
