//! The reads of clients. Each answer comes with the time by Postgres's clock, so that expired rows
//! are shown as expired even before they are marked.

mod entitlement;
mod gift;
mod page;
mod subscription;
mod subscriptions;
mod user;
mod users;

pub use entitlement::entitlement;
pub use gift::gift;
pub use subscription::subscription;
pub use subscriptions::{Page, PageOf, subscriptions};
pub use user::user;
pub use users::{PageOfUsers, UserPage, users};
