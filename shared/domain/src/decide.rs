//! Dispatch: one command, the rows it touches, the time, and what comes of it.

use crate::{
    Change, ClientId, Command, Gift, Instant, JobId, NewIds, Refusal, Subscription, User,
    WorkingSet,
};
use chrono::TimeDelta;

/// What comes of a command: the rows as they are to be, and what the client is told. A refusal
/// changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Rows to write. Empty for a refusal.
    pub changes: Vec<Change>,
    /// What the client is told.
    pub result: Result<Success, Refusal>,
}

/// The "yes" of the trade.
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
        /// The gift.
        gift: Gift,
        /// The subscription that has its months.
        subscription: Subscription,
    },
}

impl Success {
    /// The id of what was made or changed.
    #[must_use]
    pub const fn entity(&self) -> i64 {
        match self {
            Self::UserCreated(user) => user.id.get(),
            Self::Subscribed(s) | Self::Renewed(s) | Self::Cancelled(s) => s.id.get(),
            Self::GiftCreated(gift) | Self::Redeemed { gift, .. } => gift.id.get(),
        }
    }
}

/// What a decision depends on beside the rows and the command.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The one clock of all workers: Postgres's, read while the locks are held.
    pub now: Instant,
    /// The client that sent the command.
    pub client: ClientId,
    /// The job that carries the command.
    pub job: JobId,
    /// How long a new gift can be redeemed.
    pub gift_ttl: TimeDelta,
}

/// Changed rows and a success, or a refusal that changes nothing.
pub(crate) type Ruling = Result<(Vec<Change>, Success), Refusal>;

/// Decides `command` by the rows of `working_set`, which is not changed: apply the changes to it
/// before the next command is decided. A command that may make a row takes an id from `new_ids`,
/// whether or not it is refused then.
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

/// What every command is decided by. Each command adds its own rule in a file of its own.
#[derive(Clone, Copy)]
pub(crate) struct Decider<'a> {
    pub(crate) working_set: &'a WorkingSet,
    pub(crate) context: &'a Context,
}
