//! The reads of clients. Each answer comes with the time of the client, so that expired rows are
//! shown as expired even before they are marked: with that of its own clock if it is a test client,
//! else with that of Postgres's.

mod client_subscriptions;
mod entitlement;
mod gift;
mod ledger;
mod line;
mod page;
mod payment_methods;
mod payments;
mod subscription;
mod subscriptions;
mod test_clock;
mod user;
mod users;

pub use client_subscriptions::{ClientPage, PageOfClient, client_subscriptions};
pub use entitlement::entitlement;
pub use gift::gift;
pub use ledger::{Balances, LedgerPage, ledger_balances, ledger_transfers};
pub use payment_methods::{MethodPage, PageOfMethods, payment_methods};
pub use payments::{
    PageOfPayments, PaymentPage, payment, payment_of_subscription, payments, payments_of_ids,
};
pub use subscription::subscription;
pub use subscriptions::{Page, PageOf, subscriptions};
pub use test_clock::test_clock;
pub use user::user;
pub use users::{PageOfUsers, UserPage, users};
