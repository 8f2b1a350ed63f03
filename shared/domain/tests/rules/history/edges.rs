//! The ways in which a command may change a row that there was. All other changes are faults.

use domain::{Gift, GiftState, Instant, Subscription, SubscriptionState, User};

use SubscriptionState::{
    Active, Cancelled, CancelledAtEnd, Cancelling, Expired, PastDue, Paused, Pending, Scheduled,
    Trialing,
};

/// A user changes its email and its metadata only.
pub(crate) fn check_user(old: &User, new: &User) {
    let (email, metadata) = (new.email.clone(), new.metadata.clone());
    assert_eq!(*new, User { email, metadata, ..old.clone() });
}

/// A subscription only ever grows until it ends, and what has ended never changes.
pub(crate) fn check_subscription(old: &Subscription, new: &Subscription, now: Instant) {
    let identity = |s: &Subscription| (s.id, s.user, s.client, s.created_at);
    assert_eq!((identity(new), new.updated_at), (identity(old), now));
    assert!(new.months >= old.months && new.end_date >= old.end_date, "{old:?} to {new:?}");
    let allowed = match (old.state, new.state) {
        (Cancelled { .. } | CancelledAtEnd { .. } | Expired, _) | (_, Scheduled) => false,
        (Scheduled, Cancelled { .. }) => true,
        (Scheduled, _) => new.start_date <= now && new.end_date > new.start_date,
        (Paused { .. }, Paused { .. }) => new.months == old.months,
        (_, Cancelled { at }) => at == now,
        (_, Paused { at, .. }) => at == now && new.end_date > at,
        (Cancelling { at: asked }, CancelledAtEnd { at }) => asked == at && new.end_date <= now,
        (_, Expired) => new.end_date <= now,
        (_, PastDue) => new.end_date <= now && new.auto_renew,
        (_, Active | Cancelling { .. } | CancelledAtEnd { .. }) => true,
        // Nobody pays in these histories, and no plan has a trial.
        (Pending | Trialing { .. }, _) | (_, Pending | Trialing { .. }) => false,
    };
    assert!(allowed, "no such edge: {old:?} to {new:?}");
    assert!(old.state == Scheduled || new.start_date == old.start_date, "{old:?} to {new:?}");
    // Another plan is that of the renewal that it stands in for.
    let renewed = old.next_plan.as_ref().filter(|_| new.months > old.months);
    let renewed = renewed.map(|next| (&next.code, next.version));
    let sold = (&new.plan, new.plan_version);
    assert!(sold == (&old.plan, old.plan_version) || Some(sold) == renewed, "{old:?} to {new:?}");
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
