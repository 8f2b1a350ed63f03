//! End to end: through HTTP, with real processes, a real Postgres and a real Redis. Every test has
//! a stack of its own and ends it with `done`, which checks what must hold after any test.

mod bad_input;
mod cancel;
mod chaos;
mod concurrency;
mod contract;
mod crash;
mod drain;
mod expiry;
mod faults;
mod fuzz;
mod gift;
mod health;
mod isolation;
mod jobs;
mod keys;
mod metrics;
mod outages;
mod prefer;
mod queue_full;
mod rate_limit;
mod reads;
mod redeem;
mod redis_loss;
mod renew;
mod replay;
mod routes;
mod settings;
mod shutdown;
mod startup;
mod subscribe;
mod tutorial;
mod users;
