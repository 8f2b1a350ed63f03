//! The ways in which a command may change a row that there was. All other changes are faults.

use shared::domain::{Gift, GiftStatus, Instant, Subscription, SubscriptionStatus, User};

use SubscriptionStatus::{Active, Cancelled, Expired};

/// A subscription only ever grows, is cancelled while it runs, or expires when it is over.
pub(crate) fn check_subscription(old: &Subscription, new: &Subscription, now: Instant) {
    let updated_at = now;
    let old = old.clone();
    let (allowed, expected) = match (old.status, new.status) {
        (Active, Active) => {
            let (months, end_date) = (new.months, new.end_date);
            let grows = old.end_date > now && months > old.months && end_date > old.end_date;
            (grows, Subscription { months, end_date, updated_at, ..old })
        }
        (Active, Cancelled) => {
            let cancelled_at = Some(now);
            (
                old.end_date > now,
                Subscription { status: Cancelled, cancelled_at, updated_at, ..old },
            )
        }
        (Active, Expired) => {
            (old.end_date <= now, Subscription { status: Expired, updated_at, ..old })
        }
        (Cancelled | Expired, _) => (false, old),
    };
    assert!(allowed, "no such edge: {new:?}");
    assert_eq!(*new, expected);
}

/// A gift is redeemed by its recipient, while it can be.
pub(crate) fn check_gift(old: &Gift, new: &Gift, by: &User, now: Instant) {
    assert!(old.status == GiftStatus::Pending && old.expires_at > now);
    assert_eq!(by.email.key(), new.recipient_email.key());
    assert_eq!(by.client, new.client);
    let (status, recipient, redeemed_at) = (GiftStatus::Redeemed, Some(by.id), Some(now));
    assert_eq!(*new, Gift { status, recipient, redeemed_at, ..old.clone() });
}
