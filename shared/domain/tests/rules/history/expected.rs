//! What a command is to be refused for, worked out from the books in another way than the core's.

use super::books::Books;
use super::passing::{end_of, rows_at};
use crate::by_hand;
use chrono::TimeDelta;
use domain::{
    Cancel, ClientId, Command, CreateUser, Email, Extend, ExternalId, Gift, GiftId, GiftStatus,
    Give, Instant, Pause, PlanCode, Redeem, Renew, Resume, RetirePlan, SetAutoRenew, Subscribe,
    Subscription, SubscriptionId, SubscriptionState, Uncancel, UpdateUser, User, UserId,
};

use SubscriptionState::{Active, Cancelling, PastDue, Paused, Scheduled};

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
    } else if let Command::Cancel(Cancel { subscription_id, at_period_end }) = command {
        case.is_in(*subscription_id, |state| match state {
            Active | Cancelling { .. } => true,
            PastDue | Paused { .. } | Scheduled => !at_period_end,
            _ => false,
        })
    } else if let Command::Uncancel(Uncancel { subscription_id }) = command {
        let is_flagged = |state| matches!(state, Cancelling { .. });
        case.is_in(*subscription_id, is_flagged).map(|code| told_as(code, "not_cancelling"))
    } else if let Command::SetAutoRenew(SetAutoRenew { subscription_id, .. }) = command {
        case.is_in(*subscription_id, |state| state.status().is_live())
    } else if let Command::Pause(Pause { subscription_id, resume_at }) = command {
        case.pause(*subscription_id, *resume_at)
    } else if let Command::Resume(Resume { subscription_id }) = command {
        let is_paused = |state| matches!(state, Paused { .. });
        case.is_in(*subscription_id, is_paused).map(|code| told_as(code, "subscription_not_paused"))
    } else if let Command::Extend(Extend { subscription_id, months, .. }) = command {
        let ended = case.is_in(*subscription_id, |state| state.status().is_entitled());
        ended.or_else(|| case.too_long(&case.row(*subscription_id)?, *months))
    } else if let Command::Give(give) = command {
        case.give(give)
    } else if let Command::Redeem(Redeem { gift_id, user_id, external_id }) = command {
        case.redeem(*gift_id, case.named(*user_id, external_id.as_ref()))
    } else if let Command::RetirePlan(RetirePlan { code }) = command {
        (code.as_str() == "gold").then_some("plan_not_found")
    } else {
        Some("not_in_the_model")
    }
}

/// The code of a command that says of a wrong state which one it needs.
fn told_as(code: &'static str, wrong_state: &'static str) -> &'static str {
    if code == "subscription_not_active" { wrong_state } else { code }
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

    /// The row as it is now.
    fn row(&self, id: SubscriptionId) -> Option<Subscription> {
        let user = self.subscription(id)?.user;
        rows_at(self.books, user, self.now).into_iter().find(|row| row.id == id)
    }

    fn live(&self, user: UserId) -> Option<Subscription> {
        let mut rows = rows_at(self.books, user, self.now).into_iter();
        rows.find(|row| row.state.status().is_live())
    }

    /// The months of those that wait.
    fn waiting(&self, user: UserId) -> Vec<u32> {
        let rows = rows_at(self.books, user, self.now).into_iter();
        rows.filter(|row| row.state == Scheduled).map(|row| row.months).collect()
    }

    fn is_in(
        &self,
        id: SubscriptionId,
        may: impl Fn(SubscriptionState) -> bool,
    ) -> Option<&'static str> {
        match self.row(id) {
            None => Some("subscription_not_found"),
            Some(row) => (!may(row.state)).then_some("subscription_not_active"),
        }
    }

    fn pause(&self, id: SubscriptionId, resume_at: Option<Instant>) -> Option<&'static str> {
        let (row, year) = (self.row(id), TimeDelta::days(365));
        let Some(row) = row else { return Some("subscription_not_found") };
        match row.state {
            Active if row.end_date > self.now => {}
            Cancelling { .. } => return Some("subscription_cancelling"),
            _ => return Some("subscription_not_active"),
        }
        if resume_at.is_some_and(|at| at <= self.now || at > self.now + year) {
            return Some("date_out_of_range");
        }
        let paused = Subscription { state: Paused { at: self.now, resume_at }, ..row.clone() };
        let last = end_of(&paused, &self.waiting(row.user));
        let writable = |end: Instant| by_hand::add_months(end, 0).is_some();
        let longest = resume_at.map_or(year, |at| at - self.now);
        let fits = last.is_some() && writable(row.end_date + longest);
        (!fits).then_some("term_too_long")
    }

    fn give(&self, give: &Give) -> Option<&'static str> {
        let Give { gifter_id, gifter_external_id, plan, duration_months, .. } = give;
        if self.named(*gifter_id, gifter_external_id.as_ref()).is_none() {
            return Some("gifter_not_found");
        }
        let plan = plan.as_ref().map_or("monthly", PlanCode::as_str);
        self.plan(plan, *duration_months).err()
    }

    /// The months of a plan that is to be sold.
    fn plan(&self, code: &str, months: Option<u32>) -> Result<u32, &'static str> {
        let months = match code {
            "bronze" | "silver" | "monthly" => months.unwrap_or(1),
            "yearly" => months.unwrap_or(12),
            _ => return Err("unknown_plan"),
        };
        let plan = self.books.plans.get(&(self.client, PlanCode::parse(code).unwrap()));
        match code {
            _ if plan.is_none_or(|plan| plan.retired_at.is_some()) => Err("plan_retired"),
            "yearly" if !months.is_multiple_of(12) => Err("duration_not_multiple"),
            "silver" => Err("payments_disabled"),
            _ => Ok(months),
        }
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
        // That a plan has a price is told last.
        let (months, is_priced) = match self.plan(plan.as_str(), *months) {
            Ok(months) => (months, false),
            Err("payments_disabled") => (months.unwrap_or(1), true),
            Err(code) => return Some(code),
        };
        if self.live(id).is_some() {
            return Some("already_subscribed");
        }
        match by_hand::add_months(self.now, months) {
            None => Some("term_too_long"),
            Some(_) => is_priced.then_some("payments_disabled"),
        }
    }

    fn renew(&self, id: SubscriptionId, months: Option<u32>) -> Option<&'static str> {
        let Some(row) = self.row(id) else {
            return Some("subscription_not_found");
        };
        let ended = self.is_in(id, |state| state.status().is_entitled());
        // In grace it goes on as what it was to be renewed as.
        let next = row.next_plan.as_ref().filter(|_| ended.is_none() && row.end_date <= self.now);
        let yearly = next.map_or(&row.plan, |next| &next.code) == "yearly";
        let months = months.unwrap_or(if yearly { 12 } else { 1 });
        if yearly && !months.is_multiple_of(12) {
            return Some("duration_not_multiple");
        }
        ended.or_else(|| self.too_long(&row, months))
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
        let too_long = match self.live(user.id) {
            None => by_hand::add_months(self.now, gift.months).is_none(),
            Some(live) => {
                let stands_still = matches!(live.state, Paused { .. });
                // Bronze is a tier of its own.
                let is_same = (live.plan == "bronze") == (gift.plan == "bronze");
                if is_same && !stands_still {
                    return self.too_long(&live, gift.months);
                }
                if live.end_date <= self.now && !stands_still {
                    by_hand::add_months(self.now, gift.months).is_none()
                } else {
                    let behind = [self.waiting(user.id), vec![gift.months]].concat();
                    end_of(&live, &behind).is_none()
                }
            }
        };
        too_long.then_some("term_too_long")
    }

    /// Whether it cannot have so many months more.
    fn too_long(&self, running: &Subscription, months: u32) -> Option<&'static str> {
        let end = by_hand::add_months(running.anchor, running.anchor_months + months);
        let behind = self.waiting(running.user);
        let fits = end.and_then(|end_date| {
            end_of(&Subscription { end_date, state: Active, ..running.clone() }, &behind)
        });
        fits.is_none().then_some("term_too_long")
    }
}
