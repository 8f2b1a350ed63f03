//! Group commit against a real Postgres. Each test has a database of its own, at the server of
//! `TEST_DATABASE_URL`.

#[cfg(test)]
mod batch;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod ledgered;
#[cfg(test)]
mod poison;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod twins;

#[cfg(test)]
#[path = "../../../shared/tests/store/database.rs"]
#[expect(dead_code, reason = "the store's own tests need more of it")]
mod database;
