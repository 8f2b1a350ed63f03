//! Payments, against a real Postgres and the simulated provider: whatever a provider does, and
//! whoever dies when, money is taken once and what was bought is there.

mod charges;
mod checks;
mod clocks;
mod disputes;
mod events;
mod methods;
mod refunds;
mod sample;
mod together;
mod unknown;
mod unsent;
