//! The store against a real Postgres. Each test has a database of its own, at the server of
//! `TEST_DATABASE_URL`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test needs and does not get fails it"
)]

mod accepted;
mod added_columns;
mod api_keys;
mod batch_context;
mod beside;
mod blocked;
mod by_client;
mod changed_tables;
mod changes;
mod clients;
mod command_log;
mod command_log_values;
mod constraints;
mod decided_batch;
mod effects;
mod errors;
mod expand;
mod explain;
mod first_rows;
mod job_keys;
mod least_rights;
mod load;
mod locks;
mod main_path;
mod migrations;
mod money;
mod named_users;
mod one_round_trip;
mod outages;
mod pages;
mod plans;
mod poolers;
mod reads;
mod release_before;
mod sample;
mod scheduled;
mod schema;
mod silence;
mod skip_locked;
mod sql_text;
mod statement_logs;
mod test_clocks;
mod test_due;
mod unreadable_rows;
mod updated_users;
mod urls;
mod user_pages;
mod waits;
