//! Working sets of the rows that a command touches, and of those that a client owns.

use super::books::Books;
use domain::{
    Change, ClientId, Grant, Needs, PLANS_SHOWN_MAX, Plan, PlanCode, SubscriptionId,
    SubscriptionState, SubscriptionStatus, WorkingSet,
};
use samples::{RIVAL, SHOP};

/// Loads what `needs` names, as `store::Batch::begin` does.
pub(crate) fn load(books: &Books, needs: &Needs) -> WorkingSet {
    let named = |(client, id): &(ClientId, SubscriptionId)| {
        let subscription = books.subscriptions.get(id).filter(|s| s.client == *client);
        subscription.map(|s| s.user)
    };
    let subscriptions = needs.subscriptions.iter().chain(&needs.owners_of);
    let owners: Vec<_> = subscriptions.filter_map(named).collect();
    let users = books.users.values().filter(|user| {
        let (email, external_id) = ((user.client, user.email.key()), user.external_id.clone());
        needs.users.contains(&(user.client, user.id))
            || owners.contains(&user.id)
            || needs.emails.contains(&email)
            || external_id.is_some_and(|id| needs.external_ids.contains(&(user.client, id)))
    });
    let users: Vec<_> = users.collect();
    let subscriptions = books.subscriptions.values().filter(|s| {
        let of_user = users.iter().any(|user| user.id == s.user);
        let is_in_line = s.state.status().is_live() || s.state == SubscriptionState::Scheduled;
        (of_user && is_in_line) || needs.subscriptions.contains(&(s.client, s.id))
    });
    let gifts = books.gifts.values().filter(|gift| needs.gifts.contains(&(gift.client, gift.id)));

    let mut working_set = WorkingSet::default();
    let users = users.iter().map(|user| Change::User((*user).clone()));
    let subscriptions = subscriptions.map(|s| Change::Subscription(s.clone()));
    let gifts = gifts.map(|gift| Change::Gift(gift.clone()));
    let grants: Vec<_> = grants(books, needs).cloned().map(Change::Grant).collect();
    let plans = plans(books, needs).cloned().map(Change::Plan);
    for row in users.chain(subscriptions).chain(gifts).chain(plans).chain(grants) {
        working_set.apply(row);
    }
    let tiers = books.plans.values().filter(|_| !needs.gifts.is_empty());
    for plan in tiers {
        let (code, tier) = (plan.code.as_str().to_owned(), plan.details.tier.clone());
        working_set.add_tier(plan.client, code, tier);
    }
    for (_, gift) in &needs.gifts {
        let mut grants = books.grants.values();
        if let Some(granted) = grants.find(|grant| grant.source.gift() == Some(*gift)) {
            working_set.add_redemption(*gift, granted.subscription);
        }
    }
    for named in &needs.terms_of {
        let sold = books.subscriptions.get(&named.1).filter(|s| s.client == named.0);
        let plan = |code| books.plans.get(&(named.0, PlanCode::parse(code).unwrap()));
        if let Some(plan) = sold.and_then(|s| plan(&s.plan)) {
            working_set.add_terms(named.1, plan.terms);
        }
        if let Some(plan) = sold.and_then(|s| plan(&s.next_plan.as_ref()?.code)) {
            working_set.add_next_terms(named.1, plan.terms);
        }
    }
    working_set
}

/// The grants that are named, and those of all that wait or stand still.
fn grants<'a>(books: &'a Books, needs: &'a Needs) -> impl Iterator<Item = &'a Grant> {
    let is_needed = |grant: &&Grant| {
        let held = books.subscriptions.get(&grant.subscription);
        let moves = held.is_some_and(|s| {
            let status = s.state.status();
            status == SubscriptionStatus::Scheduled || status == SubscriptionStatus::Paused
        });
        moves || needs.grants_of.contains(&(grant.client, grant.subscription))
    };
    books.grants.values().filter(is_needed)
}

/// The plans that are named, and the oldest on sale of a client who has not all of them.
fn plans<'a>(books: &'a Books, needs: &'a Needs) -> impl Iterator<Item = &'a Plan> {
    let named = || needs.plans.iter().chain(&needs.plans_to_lock);
    let unknown = needs.plans.iter().filter(|named| !books.plans.contains_key(named));
    let oldest = unknown.flat_map(|(client, _)| {
        let of_client = books.plans.values().filter(move |plan| plan.client == *client);
        let on_sale = of_client.filter(|plan| plan.retired_at.is_none());
        let mut on_sale: Vec<&Plan> = on_sale.collect();
        on_sale.sort_by_key(|plan| plan.id);
        on_sale.into_iter().take(PLANS_SHOWN_MAX + 1)
    });
    named().filter_map(|named| books.plans.get(named)).chain(oldest)
}

/// The working set has the rows of the books, each for its own client only.
pub(crate) fn check_privacy(working_set: &WorkingSet, books: &Books) {
    for client in [SHOP, RIVAL] {
        for row in books.users.values() {
            let own = (row.client == client).then_some(row);
            assert_eq!(working_set.user(client, row.id), own);
            let named = working_set.user_by_email(client, &row.email);
            assert!(named.is_none_or(|named| named.client == client));
            let external_id = row.external_id.as_ref();
            let named = external_id.and_then(|id| working_set.user_by_external_id(client, id));
            assert!(named.is_none_or(|named| named.client == client));
        }
        for row in books.subscriptions.values() {
            let own = (row.client == client).then_some(row);
            assert_eq!(working_set.subscription(client, row.id), own);
        }
        for row in books.gifts.values() {
            assert_eq!(working_set.gift(client, row.id), (row.client == client).then_some(row));
        }
    }
}
