//! What a command is to be refused for, worked out from the books in another way than the core's.

use super::books::Books;
use crate::by_hand;
use domain::{
    Cancel, ClientId, Command, CreateUser, Email, ExternalId, Gift, GiftId, GiftStatus, Give,
    Instant, Redeem, Renew, RetirePlan, Subscribe, Subscription, SubscriptionId, SubscriptionState,
    UpdateUser, User, UserId,
};

/// The code of the refusal; `None` when the command is to be done.
pub(crate) fn refusal(
    books: &Books,
    client: ClientId,
    command: &Command,
    now: Instant,
) -> Option<&'static str> {
    let case = Case { books, client, now };
    // Not a match, so that a command that no step makes is no edit here.
    if let Command::CreateUser(CreateUser { email, external_id, .. }) = command {
        let holder = external_id.as_ref().and_then(|id| case.by_external_id(id));
        holder.map(|_| "external_id_taken").or_else(|| case.email_taken(email, None))
    } else if let Command::UpdateUser(UpdateUser { user_id, changes }) = command {
        case.update(*user_id, changes.email.as_ref())
    } else if let Command::Subscribe(Subscribe { user_id, external_id, .. }) = command {
        case.subscribe(case.named(*user_id, external_id.as_ref()), command)
    } else if let Command::Renew(Renew { subscription_id, duration_months }) = command {
        case.renew(*subscription_id, *duration_months)
    } else if let Command::Cancel(Cancel { subscription_id, .. }) = command {
        case.ended(*subscription_id)
    } else if let Command::Give(Give { gifter_id, gifter_external_id, .. }) = command {
        let gifter = case.named(*gifter_id, gifter_external_id.as_ref());
        gifter.is_none().then_some("gifter_not_found")
    } else if let Command::Redeem(Redeem { gift_id, user_id, external_id }) = command {
        case.redeem(*gift_id, case.named(*user_id, external_id.as_ref()))
    } else if let Command::RetirePlan(RetirePlan { code }) = command {
        (code.as_str() == "gold").then_some("plan_not_found")
    } else {
        Some("not_in_the_model")
    }
}

struct Case<'a> {
    books: &'a Books,
    client: ClientId,
    now: Instant,
}

impl Case<'_> {
    fn user(&self, id: UserId) -> Option<&User> {
        self.books.users.get(&id).filter(|user| user.client == self.client)
    }

    fn by_external_id(&self, id: &ExternalId) -> Option<&User> {
        let mut users = self.books.users.values().filter(|user| user.client == self.client);
        users.find(|user| user.external_id.as_ref() == Some(id))
    }

    fn named(&self, id: Option<UserId>, external_id: Option<&ExternalId>) -> Option<&User> {
        id.and_then(|id| self.user(id)).or_else(|| self.by_external_id(external_id?))
    }

    fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.books.subscriptions.get(&id).filter(|s| s.client == self.client)
    }

    fn gift(&self, id: GiftId) -> Option<&Gift> {
        self.books.gifts.get(&id).filter(|gift| gift.client == self.client)
    }

    fn running(&self, user: UserId) -> Option<&Subscription> {
        let mut of_user = self.books.subscriptions.values().filter(|s| s.user == user);
        of_user.find(|s| s.state == SubscriptionState::Active && s.end_date > self.now)
    }

    /// By anybody but that user.
    fn email_taken(&self, email: &Email, by_but: Option<UserId>) -> Option<&'static str> {
        let mut users = self.books.users.values().filter(|user| user.client == self.client);
        let same = |user: &User| user.email.as_str().eq_ignore_ascii_case(email.as_str());
        users.any(|user| Some(user.id) != by_but && same(user)).then_some("email_taken")
    }

    fn update(&self, id: UserId, email: Option<&Email>) -> Option<&'static str> {
        if self.user(id).is_none() {
            return Some("user_not_found");
        }
        self.email_taken(email?, Some(id))
    }

    fn subscribe(&self, user: Option<&User>, command: &Command) -> Option<&'static str> {
        let Command::Subscribe(Subscribe { plan, duration_months: months, .. }) = command else {
            return None;
        };
        let Some(&User { id, .. }) = user else {
            return Some("user_not_found");
        };
        let months = match plan.as_str() {
            "bronze" | "silver" | "monthly" => months.unwrap_or(1),
            "yearly" => months.unwrap_or(12),
            _ => return Some("unknown_plan"),
        };
        if self.books.plans.get(&(self.client, plan.clone()))?.retired_at.is_some() {
            return Some("plan_retired");
        }
        if plan.as_str() == "yearly" && !months.is_multiple_of(12) {
            return Some("duration_not_multiple");
        }
        if self.running(id).is_some() {
            return Some("already_subscribed");
        }
        match by_hand::add_months(self.now, months) {
            None => Some("term_too_long"),
            Some(_) => (plan.as_str() == "silver").then_some("payments_disabled"),
        }
    }

    fn ended(&self, id: SubscriptionId) -> Option<&'static str> {
        match self.subscription(id) {
            None => Some("subscription_not_found"),
            Some(s) if s.state != SubscriptionState::Active || s.end_date <= self.now => {
                Some("subscription_not_active")
            }
            Some(_) => None,
        }
    }

    fn renew(&self, id: SubscriptionId, months: Option<u32>) -> Option<&'static str> {
        let Some(subscription) = self.subscription(id) else {
            return Some("subscription_not_found");
        };
        let yearly = subscription.plan == "yearly";
        let months = months.unwrap_or(if yearly { 12 } else { 1 });
        if yearly && !months.is_multiple_of(12) {
            return Some("duration_not_multiple");
        }
        self.ended(id).or_else(|| too_long(subscription, months))
    }

    fn redeem(&self, gift: GiftId, user: Option<&User>) -> Option<&'static str> {
        let Some(gift) = self.gift(gift) else {
            return Some("gift_not_found");
        };
        let Some(user) = user else {
            return Some("user_not_found");
        };
        if !user.email.as_str().eq_ignore_ascii_case(gift.recipient_email.as_str()) {
            return Some("gift_not_recipient");
        }
        if gift.state.status() == GiftStatus::Redeemed {
            return Some("gift_already_redeemed");
        }
        if gift.expires_at <= self.now {
            return Some("gift_expired");
        }
        match self.running(user.id) {
            Some(running) => too_long(running, gift.months),
            None => by_hand::add_months(self.now, gift.months).is_none().then_some("term_too_long"),
        }
    }
}

fn too_long(subscription: &Subscription, months: u32) -> Option<&'static str> {
    let end = by_hand::add_months(subscription.start_date, subscription.months + months);
    end.is_none().then_some("term_too_long")
}
