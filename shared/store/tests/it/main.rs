//! The store against a real Postgres. Each test has a database of its own, at the server of
//! `TEST_DATABASE_URL`.

#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod constraints;
#[cfg(test)]
mod database;
#[cfg(test)]
mod draw;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod load;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod sweepers;
#[cfg(test)]
mod waits;
