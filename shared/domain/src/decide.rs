//! Decides a command: hands it, with the rows it touches and the time, to the rules in its file.

use crate::{
    Change, ClientId, Command, Gift, IdempotencyKey, Instant, InternalCommand, JobId, Needs,
    NewIds, Plan, Refusal, Subscription, User, UserId, WorkingSet,
};
use chrono::TimeDelta;

/// The decision on a command: the changed rows, and a success or a refusal. A refusal changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The rows to write; none for a refusal.
    pub changes: Vec<Change>,
    /// The user whom the command concerns, if there is such a user.
    pub user: Option<UserId>,
    /// The success or the refusal, from which the answer is written.
    pub result: Result<Success, Refusal>,
}

/// What a command made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Success {
    /// It was made.
    Created(Entity),
    /// It was changed.
    Changed(Entity),
}

/// What an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A user.
    User(User),
    /// A subscription.
    Subscription(Subscription),
    /// A gift.
    Gift(Gift),
    /// A plan.
    Plan(Plan),
    /// A gift that became time of a subscription.
    Redemption {
        /// The redeemed gift.
        gift: Gift,
        /// The subscription that received its months.
        subscription: Subscription,
    },
}

impl Success {
    /// What was made or changed.
    #[must_use]
    pub const fn entity(&self) -> &Entity {
        match self {
            Self::Created(entity) | Self::Changed(entity) => entity,
        }
    }
}

impl Entity {
    /// The id of the row.
    #[must_use]
    pub const fn id(&self) -> i64 {
        match self {
            Self::User(user) => user.id.get(),
            Self::Subscription(subscription) => subscription.id.get(),
            Self::Gift(gift) | Self::Redemption { gift, .. } => gift.id.get(),
            Self::Plan(plan) => plan.id.get(),
        }
    }

    /// The user whom it concerns: the giver of a gift, and the recipient of a redeemed one. A plan
    /// concerns nobody.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.id),
            Self::Subscription(subscription) | Self::Redemption { subscription, .. } => {
                Some(subscription.user)
            }
            Self::Gift(gift) => Some(gift.gifter),
            Self::Plan(_) => None,
        }
    }
}

/// The inputs of a decision beside the rows and the command.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time of the client, read while the locks are held: that of its own clock if it is a test
    /// client, else of Postgres's, which all workers share.
    pub now: Instant,
    /// The client that sent the command, or whose rows an internal one changes.
    pub client: ClientId,
    /// The job that carries the command.
    pub job: JobId,
    /// The time for which a new gift can be redeemed.
    pub gift_ttl: TimeDelta,
}

/// The result of a rule: changed rows and a success, or a refusal that changes nothing.
pub(crate) type Ruling = Result<(Vec<Change>, Success), Refusal>;

/// The result of an internal rule; `None` when there is nothing to do, or no longer.
pub(crate) type InternalRuling = Option<(Vec<Change>, Entity)>;

/// The rules of a command that clients submit.
pub(crate) trait Rules {
    /// Adds the rows that must be loaded and locked, and the ids that must be drawn.
    fn needs(&self, client: ClientId, needs: &mut Needs);

    /// The user whom the command concerns also if it is refused.
    fn subject(&self, decider: &Decider<'_>) -> Option<UserId>;

    /// Decides the command. It takes as many of the new ids as it needs at most.
    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling;
}

/// The rules of an internal command.
pub(crate) trait InternalRules {
    /// The key of the command.
    fn key(&self) -> IdempotencyKey;

    /// Adds the rows that must be loaded and locked.
    fn needs(&self, client: ClientId, needs: &mut Needs);

    /// Decides the command.
    fn decide(&self, decider: &Decider<'_>) -> InternalRuling;
}

/// The arguments that all rules share, and what several rules do alike.
#[derive(Clone, Copy)]
pub(crate) struct Decider<'a> {
    pub(crate) working_set: &'a WorkingSet,
    pub(crate) context: &'a Context,
}

/// Decides `command` by the rows of `working_set`, which it does not change: the caller applies the
/// changes before it decides the next command. A command that may make a row takes an id from
/// `new_ids` also when it is refused, so that it does not matter how commands are put into batches.
#[must_use]
pub fn decide(
    working_set: &WorkingSet,
    context: &Context,
    command: &Command,
    new_ids: &mut NewIds,
) -> Decision {
    let decider = Decider { working_set, context };
    match command.decide(&decider, new_ids) {
        Ok((changes, success)) => {
            Decision { changes, user: success.entity().user(), result: Ok(success) }
        }
        Err(refusal) => {
            Decision { changes: Vec::new(), user: command.subject(&decider), result: Err(refusal) }
        }
    }
}

/// Decides an internal command as [`decide`] does. `None` when there is nothing to do: it is not
/// due, or it was done. An internal command is never refused.
#[must_use]
pub fn decide_internal(
    working_set: &WorkingSet,
    context: &Context,
    command: &InternalCommand,
) -> Option<Decision> {
    let (changes, entity) = command.decide(&Decider { working_set, context })?;
    let user = entity.user();
    Some(Decision { changes, user, result: Ok(Success::Changed(entity)) })
}
