//! The reads of clients. Each answer comes with the time of the client, so that expired rows are
//! shown as expired even before they are marked: with that of its own clock if it is a test client,
//! else with that of Postgres's.

mod client_subscriptions;
mod entitlement;
mod gift;
mod line;
mod page;
mod subscription;
mod subscriptions;
mod test_clock;
mod user;
mod users;

pub use client_subscriptions::{ClientPage, PageOfClient, client_subscriptions};
pub use entitlement::entitlement;
pub use gift::gift;
pub use subscription::subscription;
pub use subscriptions::{Page, PageOf, subscriptions};
pub use test_clock::test_clock;
pub use user::user;
pub use users::{PageOfUsers, UserPage, users};
