//! Subscriptions, and the grants of months they are made of.

mod cancel;
mod entitlement;
mod expire;
mod grant;
mod renew;
mod state;
mod subscribe;
mod term;

pub use cancel::Cancel;
pub use entitlement::{Entitled, Entitlement, EntitlementBasis, EntitlementSource};
pub use expire::ExpireSubscription;
pub use grant::{Grant, GrantSource};
pub use renew::Renew;
pub use state::{Subscription, SubscriptionState, SubscriptionStatus};
pub use subscribe::Subscribe;
