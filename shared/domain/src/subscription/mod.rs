//! Subscriptions, and the grants of months they are made of.

mod auto_renew;
mod cancel;
mod entitlement;
mod expire;
mod extend;
mod grant;
mod import;
mod lifecycle;
mod line;
mod pause;
mod renew;
mod renew_due;
mod resume;
mod resume_due;
mod state;
mod subscribe;
mod term;
mod uncancel;

pub use auto_renew::SetAutoRenew;
pub use cancel::Cancel;
pub use entitlement::{Entitled, Entitlement, EntitlementBasis, EntitlementSource};
pub use expire::ExpireSubscription;
pub use extend::Extend;
pub use grant::{Grant, GrantSource};
pub use import::Import;
pub use lifecycle::PAUSE_MAX;
pub use line::Line;
pub use pause::Pause;
pub use renew::Renew;
pub use renew_due::RenewSubscription;
pub use resume::Resume;
pub use resume_due::ResumeSubscription;
pub use state::{NextPlan, Sold, StateParts, Subscription, SubscriptionState, SubscriptionStatus};
pub use subscribe::Subscribe;
pub use uncancel::Uncancel;
