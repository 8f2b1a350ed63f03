//! Subscriptions, and the grants of months they are made of.

mod cancel;
mod grant;
mod renew;
mod state;
mod subscribe;

pub use grant::{Grant, GrantSource};
pub use state::{Subscription, SubscriptionState, SubscriptionStatus};
