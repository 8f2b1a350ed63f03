//! Worlds of the rows that a command touches, and of those that a client owns.

use super::books::Books;
use crate::sample::{RIVAL, SHOP};
use shared::domain::world::{Change, Footprint};
use shared::domain::{SubscriptionStatus, World};

/// Loads what the footprint names, as `store::world::load` does.
pub(crate) fn load(books: &Books, footprint: &Footprint) -> World {
    let named = |id| books.subscriptions.get(id).map(|s| s.user);
    let owners: Vec<_> = footprint.subscriptions.iter().filter_map(named).collect();
    let users = books.users.values().filter(|user| {
        let email = (user.client, user.email.key());
        footprint.users.contains(&user.id)
            || owners.contains(&user.id)
            || footprint.emails.contains(&email)
    });
    let users: Vec<_> = users.collect();
    let subscriptions = books.subscriptions.values().filter(|s| {
        let of_user = users.iter().any(|user| user.id == s.user);
        let active = of_user && s.status == SubscriptionStatus::Active;
        active || footprint.subscriptions.contains(&s.id)
    });
    let gifts = books.gifts.values().filter(|gift| footprint.gifts.contains(&gift.id));

    let mut world = World::default();
    let users = users.iter().map(|user| Change::User((*user).clone()));
    let subscriptions = subscriptions.map(|s| Change::Subscription(s.clone()));
    let gifts = gifts.map(|gift| Change::Gift(gift.clone()));
    for row in users.chain(subscriptions).chain(gifts) {
        world.apply(row);
    }
    world
}

/// The world has the rows of the books, each for its own client only.
pub(crate) fn check_privacy(world: &World, books: &Books) {
    for client in [SHOP, RIVAL] {
        for row in books.users.values() {
            let own = (row.client == client).then_some(row);
            assert_eq!(world.user(client, row.id), own);
            let named = world.user_by_email(client, &row.email);
            assert!(named.is_none_or(|named| named.client == client));
        }
        for row in books.subscriptions.values() {
            let own = (row.client == client).then_some(row);
            assert_eq!(world.subscription(client, row.id), own);
        }
        for row in books.gifts.values() {
            assert_eq!(world.gift(client, row.id), (row.client == client).then_some(row));
        }
    }
}
