//! `gift`: gives months to an email address.

use crate::decide::{Decider, OpenRules, Ruled};
use crate::payment::Ask;
use crate::plan::{months, months_schema};
use crate::read_if::read_if;
use crate::{
    Change, ClientId, Email, Entity, ExternalId, Gift, GiftState, Needs, NewIds, Payment, PlanCode,
    Purpose, Refusal, Success, UserId, UserRef, calendar,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Gives months to an email address. The recipient need not be a user yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Give {
    /// The user who gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub gifter_id: Option<UserId>,
    /// The external id of that user, in the place of `gifter_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub gifter_external_id: Option<ExternalId>,
    /// The address of the recipient.
    pub recipient_email: Email,
    /// The plan given; `monthly` when absent.
    // Not written where absent, so that releases which do not know it can read the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PlanCode)]
    pub plan: Option<PlanCode>,
    /// The months given; one interval of the plan when absent.
    #[serde(default, deserialize_with = "months")]
    #[schema(schema_with = months_schema)]
    pub duration_months: Option<u32>,
}

read_if!(Give, |command| command.user().is_one(), "must name one user, in one way");

impl Give {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.gifter_id, external_id: self.gifter_external_id.as_ref() }
    }

    fn plan(&self) -> PlanCode {
        self.plan.clone().unwrap_or_else(PlanCode::of_gifts)
    }
}

impl OpenRules for Give {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.user().needs(client, needs);
        needs.plans.insert((client, self.plan()));
        needs.money = true;
        needs.new_ids.gifts += 1;
        needs.new_ids.payments += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let (id, payment, context) = (new_ids.gift(), new_ids.payment(), decider.context);
        let gifter = decider.user(self.user()).ok_or(Refusal::GifterNotFound)?;
        let plan = decider.plan_on_sale(&self.plan())?;
        let (code, terms) = (plan.code.as_str(), &plan.terms);
        let months = terms.term(code, self.duration_months)?;
        let gift = Gift {
            id,
            gifter: gifter.id,
            client: context.client,
            recipient_email: self.recipient_email.clone(),
            state: GiftState::Pending,
            plan: code.to_owned(),
            plan_version: plan.version,
            grace_days: terms.grace_days,
            months,
            value: 0,
            currency: None,
            payment: None,
            expires_at: context.now + context.gift_ttl,
            created_at: context.now,
        };
        if terms.price.amount == 0 {
            let changes = vec![Change::Gift(gift.clone())];
            let success = Some(Success::Created(Entity::Gift(gift)));
            return Ok(Ruled { changes, effects: Vec::new(), success });
        }
        decider.provider_for(gifter, code, terms.price)?;
        // It is never paid by credit, so that there is always something to charge.
        let asked = decider.ask_as(
            payment,
            Ask {
                user: gifter,
                purpose: Purpose::Gift { gift: id },
                plan: (code, plan.version),
                price: terms.price_of(months),
                takes_credit: false,
                until: calendar::writable(context.now + Payment::UNPAID_MAX),
            },
        )?;
        let (state, payment) = (GiftState::Incomplete, Some(asked.payment.id));
        let mut changes = asked.changes;
        changes.push(Change::Gift(Gift { state, payment, ..gift }));
        Ok(Ruled { changes, effects: asked.effect.into_iter().collect(), success: None })
    }
}

#[cfg(test)]
mod tests {
    use super::Give;
    use crate::samples::*;
    use crate::{
        Change, Context, Decision, Entity, Gift, GiftId, GiftState, Interval, Money, Plan, Refusal,
        Terms, UserId,
    };
    use chrono::TimeDelta;

    fn give(gifter_id: UserId, to: &str, duration_months: Option<u32>) -> Give {
        let (gifter_id, recipient_email) = (Some(gifter_id), email(to));
        Give { gifter_id, gifter_external_id: None, recipient_email, plan: None, duration_months }
    }

    fn give_plan(code: &str, duration_months: Option<u32>) -> Give {
        Give { plan: Some(plan(code)), ..give(ALICE, "bob@example.com", duration_months) }
    }

    fn given(gifter: UserId, to: &str, months: u32) -> Decision {
        let gift = Gift {
            id: GiftId::new(NEW),
            gifter,
            client: SHOP,
            recipient_email: email(to),
            state: GiftState::Pending,
            plan: "monthly".to_owned(),
            plan_version: 1,
            grace_days: 7,
            months,
            value: 0,
            currency: None,
            payment: None,
            expires_at: at("2026-07-15T12:00:00.123456Z"),
            created_at: now(),
        };
        created(gifter, Entity::Gift(gift.clone()), vec![Change::Gift(gift)])
    }

    #[test]
    fn nothing_that_the_gifter_has_stands_in_the_way() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), give(ALICE, "bob@example.com", Some(3)));
            assert_eq!(found, given(ALICE, "bob@example.com", 3), "{state:?}");
        }
    }

    #[test]
    fn the_recipient_may_be_anybody_and_need_not_be_a_user_yet() {
        for (to, months, expected) in [
            ("New.Comer@example.org", Some(120), 120),
            ("alice@example.com", Some(2), 2),
            ("carol@example.com", None, 1),
        ] {
            let found = decided(&working_set([]), give(ALICE, to, months));
            assert_eq!(found, given(ALICE, to, expected));
        }
    }

    #[test]
    fn no_user_of_another_client_can_give() {
        for stranger in [NOBODY, EVE] {
            let found = decided(&working_set([]), give(stranger, "bob@example.com", Some(3)));
            assert_eq!(found, refused(None, Refusal::GifterNotFound));
        }
    }

    /// Days are 24 hours: no clock is put back or forward in UTC.
    #[test]
    fn a_gift_lives_for_as_long_as_the_settings_say() {
        for days in [1, 30, 1825] {
            let context = Context { gift_ttl: TimeDelta::days(days), ..context(now()) };
            let found = decided_in(&working_set([]), give(BOB, "a@b.org", None), &context);
            let gift = gift_of(&found);
            assert_eq!(gift.expires_at - gift.created_at, TimeDelta::hours(24 * days));
        }
    }

    #[test]
    fn a_gift_can_be_given_at_any_time() {
        for time in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59.999999Z", "9999-11-30T00:00:00Z"]
        {
            let found = decided_at(&working_set([]), give(BOB, "a@b.org", None), at(time));
            assert_eq!(gift_of(&found).expires_at, at(time) + GIFT_TTL);
        }
    }

    #[test]
    fn the_plan_is_given_as_it_is_sold_now() {
        let gold = plan_of_tier("gold");
        let terms = Terms { grace_days: 3, ..gold.terms };
        let rows = working_set([Change::Plan(Plan { version: 2, terms, ..gold })]);
        let found = decided(&rows, give_plan("gold", None));
        let Gift { plan, plan_version, grace_days, months, .. } = gift_of(&found);
        assert_eq!((plan.as_str(), *plan_version, *grace_days, *months), ("gold", 2, 3, 1));
        let absent = decided(&rows, give(ALICE, "bob@example.com", Some(3)));
        assert_eq!(decided(&rows, give_plan("monthly", Some(3))), absent);
    }

    #[test]
    fn a_yearly_plan_is_given_by_whole_years() {
        let found = |months| decided(&working_set([]), give_plan("yearly", months));
        assert_eq!((gift_of(&found(None)).months, gift_of(&found(Some(24))).months), (12, 24));
        let (plan, interval_months) = ("yearly".to_owned(), 12);
        let uneven = Refusal::DurationNotMultiple { plan, interval_months };
        assert_eq!(found(Some(13)), refused(ALICE, uneven));
    }

    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        let gold = plan_of_tier("gold");
        let price = Money { amount: 500, ..gold.terms.price };
        let terms = Terms { price, interval: Interval::Year, ..gold.terms };
        let priced = Plan { terms, ..gold };
        let unknown = Refusal::UnknownPlan {
            plan: "gold".to_owned(),
            on_sale: vec!["monthly".to_owned(), "yearly".to_owned()],
            more: false,
        };
        let uneven = Refusal::DurationNotMultiple { plan: "gold".to_owned(), interval_months: 12 };
        for (found, months, refusal) in [
            (None, None, unknown),
            (Some(priced.retired(now())), Some(1), Refusal::PlanRetired { plan: "gold".into() }),
            (Some(priced.clone()), Some(1), uneven),
            (Some(priced), None, Refusal::PaymentsDisabled { plan: "gold".into() }),
        ] {
            let rows = working_set(found.map(Change::Plan));
            assert_eq!(decided(&rows, give_plan("gold", months)), refused(ALICE, refusal));
            let nobody = Give { gifter_id: Some(NOBODY), ..give_plan("gold", months) };
            assert_eq!(decided(&rows, nobody), refused(None, Refusal::GifterNotFound));
        }
    }
}
