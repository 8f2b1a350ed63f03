//! The whole of the business: one command, the state, the time, and what comes of it.

use super::world::{Change, World};
use super::{
    ClientId, Command, Email, Gift, GiftId, GiftStatus, Grant, GrantSource, Instant, JobId, Plan,
    PlanCode, Refusal, Subscription, SubscriptionId, SubscriptionStatus, Success, User, UserId,
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

/// What a decision depends on beside the state and the command.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// The one clock of all workers: Postgres's, read while the locks are held.
    pub now: Instant,
    /// The job that the command is.
    pub job: JobId,
    /// The id of whatever the command makes. A command makes one thing at most.
    pub new_id: i64,
    /// How long a gift can be redeemed.
    pub gift_ttl: TimeDelta,
}

type Verdict = Result<(Vec<Change>, Success), Refusal>;

/// Decides `command` of `client` in the state `world`. `world` itself is not changed: apply the
/// changes to it before the next command is decided.
#[must_use]
pub fn decide(
    world: &World,
    client: ClientId,
    command: &Command,
    circumstances: Circumstances,
) -> Decision {
    let Circumstances { now, job, new_id, gift_ttl } = circumstances;
    let case = Case { world, client, job, new_id, now };
    let verdict = match command {
        Command::CreateUser { email } => case.create_user(email),
        Command::Subscribe { user_id, plan, duration_months } => {
            case.subscribe(*user_id, plan, *duration_months)
        }
        Command::Renew { subscription_id, duration_months } => {
            case.renew(*subscription_id, *duration_months)
        }
        Command::Cancel { subscription_id } => case.cancel(*subscription_id),
        Command::Gift { gifter_id, recipient_email, duration_months } => {
            let expires_at = now + gift_ttl;
            case.gift(*gifter_id, recipient_email, duration_months.unwrap_or(1), expires_at)
        }
        Command::Redeem { gift_id, user_id } => case.redeem(*gift_id, *user_id),
    };
    match verdict {
        Ok((changes, success)) => Decision { changes, result: Ok(success) },
        Err(refusal) => Decision { changes: Vec::new(), result: Err(refusal) },
    }
}

struct Case<'a> {
    world: &'a World,
    client: ClientId,
    job: JobId,
    new_id: i64,
    now: Instant,
}

impl Case<'_> {
    fn create_user(&self, email: &Email) -> Verdict {
        if self.world.user_by_email(self.client, email).is_some() {
            return Err(Refusal::EmailTaken);
        }
        let user = User {
            id: UserId(self.new_id),
            client: self.client,
            email: email.clone(),
            created_at: self.now,
        };
        Ok((vec![Change::User(user.clone())], Success::UserCreated(user)))
    }

    fn subscribe(&self, user: UserId, plan: &PlanCode, requested: Option<u32>) -> Verdict {
        let user = self.world.user(self.client, user).ok_or(Refusal::UserNotFound)?;
        let plan = Plan::find(plan.as_str())
            .ok_or_else(|| Refusal::UnknownPlan { plan: plan.as_str().to_owned() })?;
        let months = plan.term(requested)?;
        if let Some(running) = self.world.running(user.id, self.now) {
            let (subscription, end_date) = (running.id, running.end_date);
            return Err(Refusal::AlreadySubscribed { subscription, end_date });
        }
        let (changes, subscription) = self.begin(user, plan, months, GrantSource::Purchase)?;
        Ok((changes, Success::Subscribed(subscription)))
    }

    fn renew(&self, id: SubscriptionId, requested: Option<u32>) -> Verdict {
        let subscription = self.active(id)?;
        // A plan that is no longer sold has no interval to keep to.
        let months = match Plan::find(&subscription.plan) {
            Some(plan) => plan.term(requested)?,
            None => requested.unwrap_or(1),
        };
        let (changes, renewed) = self.extend(subscription, months, GrantSource::Renewal)?;
        Ok((changes, Success::Renewed(renewed)))
    }

    fn cancel(&self, id: SubscriptionId) -> Verdict {
        let cancelled = self.active(id)?.cancelled(self.now);
        Ok((vec![Change::Subscription(cancelled.clone())], Success::Cancelled(cancelled)))
    }

    fn gift(&self, gifter: UserId, to: &Email, months: u32, expires_at: Instant) -> Verdict {
        let gifter = self.world.user(self.client, gifter).ok_or(Refusal::GifterNotFound)?;
        let gift = Gift {
            id: GiftId(self.new_id),
            gifter: gifter.id,
            client: self.client,
            recipient_email: to.clone(),
            recipient: None,
            status: GiftStatus::Pending,
            months,
            expires_at,
            redeemed_at: None,
            created_at: self.now,
        };
        Ok((vec![Change::Gift(gift.clone())], Success::GiftCreated(gift)))
    }

    /// The order of the refusals is part of the contract: a stranger learns that the gift exists,
    /// but nothing of its state.
    fn redeem(&self, gift: GiftId, user: UserId) -> Verdict {
        let gift = self.world.gift(self.client, gift).ok_or(Refusal::GiftNotFound)?;
        let user = self.world.user(self.client, user).ok_or(Refusal::UserNotFound)?;
        if user.email.key() != gift.recipient_email.key() {
            return Err(Refusal::GiftNotRecipient);
        }
        match gift.effective_status(self.now) {
            GiftStatus::Pending => {}
            GiftStatus::Redeemed => return Err(Refusal::GiftAlreadyRedeemed),
            GiftStatus::Expired => {
                return Err(Refusal::GiftExpired { expired_at: gift.expires_at });
            }
        }
        let source = GrantSource::Gift(gift.id);
        let (mut changes, subscription) = match self.world.running(user.id, self.now) {
            Some(running) => self.extend(running, gift.months, source)?,
            None => self.begin(user, Plan::Monthly, gift.months, source)?,
        };
        let gift = gift.redeemed(user.id, self.now);
        changes.push(Change::Gift(gift.clone()));
        Ok((changes, Success::Redeemed { gift, subscription }))
    }

    /// The subscription of that id, if it runs.
    fn active(&self, id: SubscriptionId) -> Result<&Subscription, Refusal> {
        let found = self.world.subscription(self.client, id);
        let subscription = found.ok_or(Refusal::SubscriptionNotFound)?;
        match subscription.effective_status(self.now) {
            SubscriptionStatus::Active => Ok(subscription),
            current => Err(Refusal::SubscriptionNotActive { current }),
        }
    }

    /// A new subscription, which starts now. A lapsed one that no sweep has reached is marked
    /// first: the schema allows one active subscription a user.
    fn begin(
        &self,
        user: &User,
        plan: Plan,
        months: u32,
        source: GrantSource,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let id = SubscriptionId(self.new_id);
        let owner = (user.id, user.client);
        let subscription = Subscription::start(id, owner, plan.code(), months, self.now)?;
        let lapsed = self.world.lapsed(user.id, self.now).map(|s| s.expired(self.now));
        let mut changes: Vec<_> = lapsed.into_iter().map(Change::Subscription).collect();
        changes.push(Change::Subscription(subscription.clone()));
        changes.push(Change::Grant(self.grant(id, source, months)));
        Ok((changes, subscription))
    }

    fn extend(
        &self,
        running: &Subscription,
        months: u32,
        source: GrantSource,
    ) -> Result<(Vec<Change>, Subscription), Refusal> {
        let extended = running.extended(months, self.now)?;
        let grant = self.grant(running.id, source, months);
        Ok((vec![Change::Subscription(extended.clone()), Change::Grant(grant)], extended))
    }

    const fn grant(&self, subscription: SubscriptionId, source: GrantSource, months: u32) -> Grant {
        Grant { subscription, source, months, job: self.job, granted_at: self.now }
    }
}
