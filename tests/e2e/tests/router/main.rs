//! The api's router, asked in process, with real workers, a real Postgres and a real Redis:
//! whatever needs no process of its own. Every test has a stack of its own and ends it with `done`,
//! which checks what must hold after any test.

mod accepted;
mod accepted_dead;
mod bad_input;
mod cancel;
mod concurrency;
mod edge;
mod expiry;
mod failed_keys;
mod flood;
mod forged;
mod fuzz;
mod gift;
mod gone_back;
mod held_locks;
mod isolation;
mod jobs;
mod kept;
mod keys;
mod known_users;
mod moved_clocks;
mod outages;
mod plans;
mod prefer;
mod problems;
mod queue_full;
mod rate_limit;
mod reads;
mod redeem;
mod renew;
mod replay;
mod restarted_redis;
mod routes;
mod scheduled;
mod stack;
mod subscribe;
mod subscription_states;
mod test_clients;
mod users;
