//! End to end: through HTTP, with real processes, a real Postgres and a real Redis: whatever
//! starts, stops, dies, loses something or is typed at a command line. Every test has a stack of
//! its own and ends it with `done`, which checks what must hold after any test.

mod certificates;
mod chaos;
mod checks;
mod clocks;
mod connections;
mod contract;
mod crash;
mod dotenv;
mod drain;
mod early_stop;
mod edge;
mod faults;
mod health;
mod keys;
mod large_body;
mod leap;
mod loading;
mod logs;
mod metrics;
mod outages;
mod poolers;
mod power_cut;
mod redis_loss;
mod secrets;
mod settings;
mod shutdown;
mod startup;
mod stripe;
mod tutorial;
