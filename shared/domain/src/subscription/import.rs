//! `import`: takes over a subscription that runs elsewhere.

use crate::bounded::instant;
use crate::decide::{Decider, Rules, Ruling};
use crate::read_if::read_if;
use crate::{
    ClientId, Entity, ExternalId, GrantSource, Instant, Needs, NewGrant, NewIds, PlanCode, Refusal,
    Sold, Subscription, Success, UserId, UserRef, calendar, schema,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Takes over a subscription that runs elsewhere, as it is: nothing is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Import {
    /// The user who has the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub user_id: Option<UserId>,
    /// The external id of that user, in the place of `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub external_id: Option<ExternalId>,
    /// The plan of the subscription.
    pub plan: PlanCode,
    /// The instant from which its months are counted.
    #[serde(deserialize_with = "instant")]
    #[schema(schema_with = schema::instant)]
    pub anchor: Instant,
    /// The first instant that is not paid for: 0 or more months after `anchor`.
    #[serde(deserialize_with = "instant")]
    #[schema(schema_with = schema::instant)]
    pub end_date: Instant,
    /// Whether it is renewed at its end by itself.
    pub auto_renew: bool,
}

read_if!(Import, |command| command.user().is_one(), "must name one user, in one way");

impl Import {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.user_id, external_id: self.external_id.as_ref() }
    }
}

impl Rules for Import {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.user().needs(client, needs);
        needs.plans.insert((client, self.plan.clone()));
        needs.new_ids.subscriptions += 1;
        needs.new_ids.grants += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let (context, id) = (decider.context, new_ids.subscription());
        let grant = NewGrant { id: new_ids.grant(), source: GrantSource::Import, worth: None };
        let user = decider.user(self.user()).ok_or(Refusal::UserNotFound)?;
        let plan = decider.plan_on_sale(&self.plan)?;
        decider.not_subscribed(user.id)?;
        let anchor_months = calendar::months_between(self.anchor, self.end_date);
        let anchor_months = anchor_months.ok_or(Refusal::EndNotOnAnchor)?;
        if self.end_date <= context.now {
            return Err(Refusal::EndInPast);
        }
        let sold = Sold { auto_renew: self.auto_renew, ..plan.sold() };
        let begun = Subscription {
            months: anchor_months,
            start_date: self.anchor.min(context.now),
            anchor: self.anchor,
            anchor_months,
            end_date: self.end_date,
            ..Subscription::start(id, (user.id, user.client), sold, 0, context.now)?
        };
        let (changes, begun) = decider.start(begun, grant);
        Ok((changes, Success::Created(Entity::Subscription(begun))))
    }
}

#[cfg(test)]
mod tests {
    use super::Import;
    use crate::samples::*;
    use crate::{
        Change, GrantSource, Money, Plan, PlanId, Refusal, Slice, Subscription, SubscriptionState,
        Terms,
    };

    fn import(anchor: &str, end_date: &str) -> Import {
        let (anchor, end_date) = (at(anchor), at(end_date));
        let (user_id, external_id, plan) = (Some(ALICE), None, plan("monthly"));
        Import { user_id, external_id, plan, anchor, end_date, auto_renew: true }
    }

    fn ending(end_date: &str) -> Import {
        import("2026-01-31T00:00:00Z", end_date)
    }

    #[test]
    fn it_runs_to_the_end_that_it_had_and_months_go_on_from_its_anchor() {
        let found = decided(&working_set([]), ending("2026-06-30T00:00:00Z"));
        let imported = subscription_of(&found).clone();
        assert_eq!(imported.state, SubscriptionState::Active);
        assert_eq!((imported.start_date, imported.created_at), (imported.anchor, now()));
        assert_eq!((imported.months, imported.anchor_months), (5, 5));
        assert!(imported.auto_renew);
        let slice = Slice { start: imported.start_date, end: imported.end_date };
        let granted = Change::Grant(grant(imported.id, GrantSource::Import, 5, slice));
        assert_eq!(found.changes, [Change::Subscription(imported.clone()), granted]);
        let end = imported.extended(1, now()).unwrap().end_date;
        assert_eq!(end, at("2026-07-31T00:00:00Z"));
    }

    #[test]
    fn an_anchor_that_is_still_to_come_is_the_end() {
        let anchor = "2026-07-01T00:00:00Z";
        let found = decided(&working_set([]), import(anchor, anchor));
        let Subscription { start_date, months, end_date, .. } = subscription_of(&found);
        assert_eq!((*start_date, *months, *end_date), (now(), 0, at(anchor)));
    }

    #[test]
    fn a_plan_with_a_price_is_taken_over_without_a_charge() {
        let bought = plan_of("monthly");
        let terms = Terms { price: Money { amount: 500, ..bought.terms.price }, ..bought.terms };
        let gold = Plan { id: PlanId::new(7), code: plan("gold"), terms, ..bought };
        let command = Import { plan: plan("gold"), ..ending("2026-06-30T00:00:00Z") };
        let found = decided(&working_set([Change::Plan(gold)]), command);
        assert_eq!(subscription_of(&found).plan, "gold");
    }

    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        let running = held(Holding::Running);
        let subscribed =
            Refusal::AlreadySubscribed { subscription: HELD, end_date: running.end_date };
        for (end_date, before, refusal) in [
            ("2026-06-29T00:00:00Z", Holding::Running, subscribed),
            ("2026-06-29T00:00:00Z", Holding::Nothing, Refusal::EndNotOnAnchor),
            ("2026-06-30T00:00:00.000001Z", Holding::Nothing, Refusal::EndNotOnAnchor),
            ("2025-12-31T00:00:00Z", Holding::Nothing, Refusal::EndNotOnAnchor),
            ("2026-05-31T00:00:00Z", Holding::Nothing, Refusal::EndInPast),
        ] {
            let found = decided(&holding(before, []), ending(end_date));
            assert_eq!(found, refused(ALICE, refusal), "{end_date}");
        }
    }
}
