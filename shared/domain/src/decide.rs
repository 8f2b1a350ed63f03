//! Decides a command: hands it, with the rows it touches and the time, to the rules in its file.

use crate::{
    Advanced, Change, ClientId, Command, Effect, Gift, IdempotencyKey, Instant, InternalCommand,
    JobId, Needs, NewIds, Payment, PaymentMethod, Plan, Provider, Refund, Refusal, Subscription,
    User, UserId, WorkingSet,
};
use chrono::TimeDelta;

/// The decision on a command: the changed rows, what is to be done outside, and how far the command
/// is. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The rows to write; none for a refusal.
    pub changes: Vec<Change>,
    /// What is to be done outside of the transaction, once it is committed.
    pub effects: Vec<Effect>,
    /// The user whom the command concerns, if there is such a user.
    pub user: Option<UserId>,
    /// How far the command is.
    pub outcome: Outcome,
    /// The job that waits for this decision, with its result.
    pub settles: Option<Settles>,
}

/// The result of a job that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settles {
    /// The job.
    pub job: JobId,
    /// What is answered.
    pub result: Result<Success, Refusal>,
}

/// How far a command is when it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are done, and a box would cost them")]
pub enum Outcome {
    /// It is done or refused. The answer is written from this.
    Done(Result<Success, Refusal>),
    /// It has begun. An effect brings the answer.
    Pending,
}

impl Outcome {
    /// The success or the refusal, if it is known.
    #[must_use]
    pub const fn result(&self) -> Option<&Result<Success, Refusal>> {
        match self {
            Self::Done(result) => Some(result),
            Self::Pending => None,
        }
    }

    /// The success, if the command is done.
    #[must_use]
    pub fn success(&self) -> Option<&Success> {
        self.result()?.as_ref().ok()
    }

    /// The refusal, if the command is refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.result()?.as_ref().err()
    }

    /// The id of what was made or changed, if the command is done.
    #[must_use]
    pub fn entity_id(&self) -> Option<i64> {
        Some(self.success()?.entity().id())
    }
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
    /// A test clock that was moved.
    Clock(Advanced),
    /// A payment.
    Payment(Payment),
    /// A payment method, and whether it is the one that is charged.
    Method {
        /// The method.
        method: PaymentMethod,
        /// Whether it is the one that is charged.
        is_default: bool,
    },
    /// A refund.
    Refund(Refund),
    /// A subscription that is bought.
    Purchase {
        /// The subscription.
        subscription: Subscription,
        /// Its payment, if it has a price.
        payment: Option<Box<Payment>>,
        /// Whether the plan has a trial that the user could not have again.
        trial_used: bool,
    },
    /// A gift that is bought.
    GiftPurchase {
        /// The gift.
        gift: Gift,
        /// Its payment.
        payment: Box<Payment>,
    },
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
            Self::Subscription(subscription) | Self::Purchase { subscription, .. } => {
                subscription.id.get()
            }
            Self::Gift(gift) | Self::Redemption { gift, .. } | Self::GiftPurchase { gift, .. } => {
                gift.id.get()
            }
            Self::Payment(payment) => payment.id.get(),
            Self::Method { method, .. } => method.id.get(),
            Self::Refund(refund) => refund.id.get(),
            Self::Plan(plan) => plan.id.get(),
            Self::Clock(advanced) => advanced.client.get(),
        }
    }

    /// The user whom it concerns: the giver of a gift, and the recipient of a redeemed one. A plan,
    /// a refund and a clock name nobody.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.id),
            Self::Subscription(subscription)
            | Self::Purchase { subscription, .. }
            | Self::Redemption { subscription, .. } => Some(subscription.user),
            Self::Gift(gift) | Self::GiftPurchase { gift, .. } => Some(gift.gifter),
            Self::Payment(payment) => Some(payment.user),
            Self::Method { method, .. } => Some(method.user),
            Self::Plan(_) | Self::Clock(_) | Self::Refund(_) => None,
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
    /// Who takes payments of the client; nobody if only what costs nothing is sold.
    pub provider: Option<Provider>,
}

/// The result of a rule: changed rows and a success, or a refusal that changes nothing.
pub(crate) type Ruling = Result<(Vec<Change>, Success), Refusal>;

/// The result of an internal rule; `None` when there is nothing to do, or no longer.
pub(crate) type InternalRuling = Option<(Vec<Change>, Entity)>;

/// The result of an internal rule that may leave something to be done outside, or answer a job.
pub(crate) struct InternalRuled {
    /// The rows to write.
    pub(crate) changes: Vec<Change>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// What was changed.
    pub(crate) entity: Entity,
    /// The job that waits for it, with its result.
    pub(crate) settles: Option<Settles>,
}

/// The result of a rule that may leave something to be done outside.
pub(crate) struct Ruled {
    /// The rows to write.
    pub(crate) changes: Vec<Change>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// The success; `None` while an effect has to bring the answer.
    pub(crate) success: Option<Success>,
}

/// The rules of a command that may begin something outside. All that a command needs which does
/// not is [`Rules`].
pub(crate) trait OpenRules {
    /// See [`Rules::needs`].
    fn needs(&self, client: ClientId, needs: &mut Needs);

    /// See [`Rules::subject`].
    fn subject(&self, decider: &Decider<'_>) -> Option<UserId>;

    /// See [`Rules::decide`].
    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal>;
}

impl<T: Rules> OpenRules for T {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        Rules::needs(self, client, needs);
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Rules::subject(self, decider)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let (changes, success) = Rules::decide(self, decider, new_ids)?;
        Ok(Ruled { changes, effects: Vec::new(), success: Some(success) })
    }
}

/// The rules of a command that clients submit, and that is done when it is decided.
pub(crate) trait Rules {
    /// Adds the rows that must be loaded and locked, and the ids that must be drawn.
    fn needs(&self, client: ClientId, needs: &mut Needs);

    /// The user whom the command concerns also if it is refused.
    fn subject(&self, decider: &Decider<'_>) -> Option<UserId>;

    /// Decides the command. It takes as many of the new ids as it needs at most.
    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling;
}

/// The rules of an internal command that may begin something outside, or answer a job. All that a
/// command needs which does not is [`InternalRules`].
pub(crate) trait OpenInternalRules {
    /// See [`InternalRules::key`].
    fn key(&self) -> IdempotencyKey;

    /// See [`InternalRules::needs`].
    fn needs(&self, client: ClientId, needs: &mut Needs);

    /// See [`InternalRules::decide`].
    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Option<InternalRuled>;
}

impl<T: InternalRules> OpenInternalRules for T {
    fn key(&self) -> IdempotencyKey {
        InternalRules::key(self)
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        InternalRules::needs(self, client, needs);
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Option<InternalRuled> {
        let (changes, entity) = InternalRules::decide(self, decider)?;
        Some(InternalRuled { changes, effects: Vec::new(), entity, settles: None })
    }
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
        Ok(Ruled { changes, effects, success: Some(success) }) => {
            let user = success.entity().user();
            Decision { changes, effects, user, outcome: Outcome::Done(Ok(success)), settles: None }
        }
        Ok(Ruled { changes, effects, success: None }) => {
            let user = command.subject(&decider);
            Decision { changes, effects, user, outcome: Outcome::Pending, settles: None }
        }
        Err(refusal) => Decision {
            changes: Vec::new(),
            effects: Vec::new(),
            user: command.subject(&decider),
            outcome: Outcome::Done(Err(refusal)),
            settles: None,
        },
    }
}

/// Decides an internal command as [`decide`] does. `None` when there is nothing to do: it is not
/// due, or it was done. An internal command is never refused.
#[must_use]
pub fn decide_internal(
    working_set: &WorkingSet,
    context: &Context,
    command: &InternalCommand,
    new_ids: &mut NewIds,
) -> Option<Decision> {
    let ruled = command.decide(&Decider { working_set, context }, new_ids)?;
    let InternalRuled { changes, effects, entity, settles } = ruled;
    let user = entity.user();
    let outcome = Outcome::Done(Ok(Success::Changed(entity)));
    Some(Decision { changes, effects, user, outcome, settles })
}
