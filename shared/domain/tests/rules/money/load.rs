//! Loads what a command needs, and no more: what the documentation of [`Needs`] promises.

use super::shop::{Shop, plans};
use domain::{
    Change, GiftId, Needs, PaymentId, Plan, Subscription, SubscriptionId, SubscriptionStatus,
    UserId, WorkingSet,
};
use samples::{SHOP, built_in_plans};
use std::collections::BTreeSet;

/// The rows that are loaded.
#[derive(Default)]
struct Rows {
    users: BTreeSet<UserId>,
    /// Users of whom only the subscriptions are loaded.
    lines: BTreeSet<UserId>,
    subscriptions: BTreeSet<SubscriptionId>,
    /// Subscriptions with all their grants, also with those that are closed.
    whole: BTreeSet<SubscriptionId>,
    gifts: BTreeSet<GiftId>,
    payments: BTreeSet<PaymentId>,
}

/// A working set of what the needs of one command name. Commands of clients lock the users of the
/// subscriptions that they name.
pub(super) fn load(shop: &Shop, needs: &Needs, is_of_client: bool) -> WorkingSet {
    let mut rows = Rows::default();
    rows.users.extend(needs.users.iter().map(|(_, id)| *id));
    rows.subscriptions.extend(needs.subscriptions.iter().map(|(_, id)| *id));
    rows.gifts.extend(needs.gifts.iter().map(|(_, id)| *id));
    rows.payments.extend(needs.payments.iter().map(|(_, id)| *id));
    for payment in needs.payments.iter().filter_map(|(_, id)| shop.payments.get(id)) {
        rows.users.insert(payment.user);
        rows.gifts.extend(payment.purpose.gift());
        let of_payment = payment.purpose.subscription().into_iter();
        let paid = shop.grants.values().filter(|grant| grant.payment == Some(payment.id));
        rows.whole.extend(of_payment.chain(paid.map(|grant| grant.subscription)));
    }
    rows.subscriptions.extend(&rows.whole);
    let owner = |id: &SubscriptionId| shop.subscriptions.get(id).map(|s| s.user);
    rows.users.extend(rows.whole.iter().filter_map(owner));
    let owners: Vec<UserId> = rows.subscriptions.iter().filter_map(owner).collect();
    if is_of_client {
        rows.users.extend(owners);
    } else {
        rows.lines.extend(owners);
    }
    rows.users.extend(needs.owners_of.iter().filter_map(|(_, id)| owner(id)));
    let methods = needs.methods.iter().filter_map(|(_, id)| shop.methods.get(id));
    rows.users.extend(methods.map(|method| method.user));
    let is_open = |s: &Subscription| {
        let waits = [SubscriptionStatus::Pending, SubscriptionStatus::Scheduled];
        s.state.status().is_live() || waits.contains(&s.state.status())
    };
    let of_users = shop
        .subscriptions
        .values()
        .filter(|s| (rows.users.contains(&s.user) || rows.lines.contains(&s.user)) && is_open(s));
    let of_users: Vec<_> = of_users.map(|s| s.id).collect();
    rows.subscriptions.extend(of_users);
    if needs.money {
        let open = rows.subscriptions.iter().filter_map(|id| shop.subscriptions.get(id));
        let open = open.filter_map(|s| s.open_payment).map(|open| open.id);
        let gifts = rows.gifts.iter().filter_map(|id| shop.gifts.get(id)?.payment);
        rows.payments.extend(open.chain(gifts));
    }
    set(shop, needs, &rows)
}

fn set(shop: &Shop, needs: &Needs, rows: &Rows) -> WorkingSet {
    let mut set = WorkingSet::default();
    let mut apply = |change| set.apply(change);
    let is_valued = |id: &GiftId| shop.gifts.get(id).is_some_and(|gift| gift.value > 0);
    let beside_gifts = needs.beside_gifts && rows.gifts.iter().any(is_valued);
    let all: Vec<Plan> = plans().into_iter().chain(built_in_plans(SHOP)).collect();
    let needed = |plan: &&Plan| needs.plans.contains(&(SHOP, plan.code.clone()));
    all.iter().filter(needed).cloned().map(Change::Plan).for_each(&mut apply);
    for user in rows.users.iter().filter_map(|id| shop.users.get(id)) {
        apply(Change::ChangedUser(user.clone()));
        let method = user.default_method.filter(|_| needs.money);
        let method = method.and_then(|id| shop.methods.get(&id));
        method.cloned().map(Change::Method).into_iter().for_each(&mut apply);
    }
    for (_, id) in &needs.methods {
        shop.methods.get(id).cloned().map(Change::Method).into_iter().for_each(&mut apply);
    }
    for id in &rows.gifts {
        shop.gifts.get(id).cloned().map(Change::Gift).into_iter().for_each(&mut apply);
    }
    for id in &rows.payments {
        shop.payments.get(id).cloned().map(Change::Payment).into_iter().for_each(&mut apply);
    }
    for (_, id) in &needs.refunds {
        shop.refunds.get(id).cloned().map(Change::Refund).into_iter().for_each(&mut apply);
    }
    if needs.trials {
        shop.trials.iter().cloned().map(Change::Trial).for_each(&mut apply);
    }
    let terms = |code: &str| all.iter().find(|plan| plan.code.as_str() == code).map(|p| p.terms);
    let mut sold = Vec::new();
    for s in rows.subscriptions.iter().filter_map(|id| shop.subscriptions.get(id)) {
        apply(Change::Subscription(s.clone()));
        let status = s.state.status();
        let has_grants = needs.grants_of.contains(&(SHOP, s.id))
            || (beside_gifts && status.is_live())
            || matches!(status, SubscriptionStatus::Scheduled | SubscriptionStatus::Paused);
        let is_whole = rows.whole.contains(&s.id);
        let grants = shop.grants.values().filter(|grant| grant.subscription == s.id);
        let grants = grants
            .filter(|grant| {
                is_whole || (has_grants && (grant.closed_at.is_none() || grant.months == 0))
            })
            .cloned();
        for grant in grants {
            let payment = grant.payment.filter(|_| needs.money);
            let payment = payment.and_then(|id| shop.payments.get(&id)).cloned();
            payment.map(Change::Payment).into_iter().for_each(&mut apply);
            apply(Change::Grant(grant));
        }
        let has_terms = needs.terms_of.contains(&(SHOP, s.id))
            || ((beside_gifts || !needs.methods.is_empty()) && status.is_live());
        if has_terms {
            let next = s.next_plan.as_ref().and_then(|next| terms(&next.code));
            sold.push((s.id, terms(&s.plan), next));
        }
    }
    for (id, terms, next) in sold {
        if let Some(terms) = terms {
            set.add_terms(id, terms);
        }
        if let Some(next) = next {
            set.add_next_terms(id, next);
        }
    }
    if !needs.gifts.is_empty() {
        add_beside_gifts(shop, rows, &all, &mut set);
    }
    set
}

/// What is loaded beside gifts: tiers of plans, and what those that are redeemed became part of.
fn add_beside_gifts(shop: &Shop, rows: &Rows, plans: &[Plan], set: &mut WorkingSet) {
    for grant in shop.grants.values() {
        if let Some(gift) = grant.source.gift().filter(|gift| rows.gifts.contains(gift)) {
            set.add_redemption(gift, grant.subscription);
        }
    }
    for plan in plans {
        let (code, tier) = (plan.code.as_str().to_owned(), plan.details.tier.clone());
        set.add_tier(SHOP, code, tier);
    }
}
