//! The ways in which a command may change a row that there was. All other changes are faults.

use domain::{Gift, GiftState, Instant, Subscription, SubscriptionState, User};

use SubscriptionState::{Active, Cancelled, Expired};

/// A user changes its email and its metadata only.
pub(crate) fn check_user(old: &User, new: &User) {
    let (email, metadata) = (new.email.clone(), new.metadata.clone());
    assert_eq!(*new, User { email, metadata, ..old.clone() });
}

/// A subscription only ever grows, is cancelled while it runs, or expires when it is over.
pub(crate) fn check_subscription(old: &Subscription, new: &Subscription, now: Instant) {
    let updated_at = now;
    let old = old.clone();
    let (allowed, expected) = match (old.state, new.state) {
        (Active, Active) => {
            let Subscription { months, anchor_months, end_date, .. } = *new;
            let grows = old.end_date > now && months > old.months && end_date > old.end_date;
            let grows = grows && anchor_months == months;
            (grows, Subscription { months, anchor_months, end_date, updated_at, ..old })
        }
        (Active, Cancelled { .. }) => {
            let state = Cancelled { at: now };
            (old.end_date > now, Subscription { state, updated_at, ..old })
        }
        (Active, Expired) => {
            (old.end_date <= now, Subscription { state: Expired, updated_at, ..old })
        }
        // Steps lead to no other state.
        _ => (false, old),
    };
    assert!(allowed, "no such edge: {new:?}");
    assert_eq!(*new, expected);
}

/// A gift is redeemed by its recipient `by` while it can be, and expires when it no longer can.
pub(crate) fn check_gift(old: &Gift, new: &Gift, by: Option<&User>, now: Instant) {
    assert_eq!(old.state, GiftState::Pending);
    let state = if let Some(by) = by {
        assert!(old.expires_at > now);
        assert_eq!(by.email.key(), new.recipient_email.key());
        assert_eq!(by.client, new.client);
        GiftState::Redeemed { recipient: by.id, at: now }
    } else {
        assert!(old.expires_at <= now);
        GiftState::Expired
    };
    assert_eq!(*new, Gift { state, ..old.clone() });
}
