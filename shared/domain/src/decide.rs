//! Decides a command: dispatches it, with the rows it touches and the time, to its rule.

use crate::{
    Change, ClientId, Command, Gift, Instant, JobId, NewIds, Refusal, Subscription, User,
    WorkingSet,
};
use chrono::TimeDelta;

/// The decision on a command: the changed rows, and a success or a refusal. A refusal changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The rows to write; none for a refusal.
    pub changes: Vec<Change>,
    /// The success or the refusal, from which the answer is written.
    pub result: Result<Success, Refusal>,
}

/// What a command made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Success {
    /// A user was made.
    UserCreated(User),
    /// A subscription began.
    Subscribed(Subscription),
    /// A subscription was prolonged.
    Renewed(Subscription),
    /// A subscription was ended.
    Cancelled(Subscription),
    /// A gift was made.
    GiftCreated(Gift),
    /// A gift became time of a subscription.
    Redeemed {
        /// The redeemed gift.
        gift: Gift,
        /// The subscription that received its months.
        subscription: Subscription,
    },
}

impl Success {
    /// The id of the row that was made or changed.
    #[must_use]
    pub const fn entity(&self) -> i64 {
        match self {
            Self::UserCreated(user) => user.id.get(),
            Self::Subscribed(s) | Self::Renewed(s) | Self::Cancelled(s) => s.id.get(),
            Self::GiftCreated(gift) | Self::Redeemed { gift, .. } => gift.id.get(),
        }
    }
}

/// The inputs of a decision beside the rows and the command.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time by Postgres's clock, which all workers share, read while the locks are held.
    pub now: Instant,
    /// The client that sent the command.
    pub client: ClientId,
    /// The job that carries the command.
    pub job: JobId,
    /// The time for which a new gift can be redeemed.
    pub gift_ttl: TimeDelta,
}

/// The result of a rule: changed rows and a success, or a refusal that changes nothing.
pub(crate) type Ruling = Result<(Vec<Change>, Success), Refusal>;

/// Decides `command` by the rows of `working_set`, which it does not change: the caller applies the
/// changes before it decides the next command. A command that may make a row takes an id from
/// `new_ids`, also when it is refused.
#[must_use]
pub fn decide(
    working_set: &WorkingSet,
    context: &Context,
    command: &Command,
    new_ids: &mut NewIds,
) -> Decision {
    let decider = Decider { working_set, context };
    let ruling = match command {
        Command::CreateUser { email } => decider.create_user(new_ids.user(), email),
        Command::Subscribe { user_id, plan, duration_months } => {
            decider.subscribe(new_ids.subscription(), *user_id, plan, *duration_months)
        }
        Command::Renew { subscription_id, duration_months } => {
            decider.renew(*subscription_id, *duration_months)
        }
        Command::Cancel { subscription_id } => decider.cancel(*subscription_id),
        Command::Gift { gifter_id, recipient_email, duration_months } => {
            decider.give(new_ids.gift(), *gifter_id, recipient_email, *duration_months)
        }
        Command::Redeem { gift_id, user_id } => {
            decider.redeem(new_ids.subscription(), *gift_id, *user_id)
        }
    };
    match ruling {
        Ok((changes, success)) => Decision { changes, result: Ok(success) },
        Err(refusal) => Decision { changes: Vec::new(), result: Err(refusal) },
    }
}

/// The arguments that all rules share. Each command adds its rule as a method, in a file of its
/// own.
#[derive(Clone, Copy)]
pub(crate) struct Decider<'a> {
    pub(crate) working_set: &'a WorkingSet,
    pub(crate) context: &'a Context,
}
