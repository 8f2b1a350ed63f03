//! Rows of money are read as they were written.

use super::{
    ANN, LOCAL, ann, by_subscription, grant, load, method, of_subscription, paid, payment,
    payments, refund, usd, write,
};
use crate::sample::{day, local, new_gift, new_subscription};
use domain::{
    Change, ChangeOfPlan, ChangedGrant, Conversion, Dispute, DisputeStatus, GiftState, Grant,
    GrantId, GrantSource, MethodStatus, Needs, NewPeriod, OpenPayment, Payment, PaymentId,
    PaymentMethod, PaymentMethodId, PaymentPhase, PaymentStatus, Purpose, Refund, RefundId,
    RefundStatus, Subscription, SubscriptionId, SubscriptionState,
};
use store::reads::{self, PageOfMethods, PageOfPayments};
use support::Database;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table: each phase and each purpose")]
async fn payments_are_read_as_they_were_written_in_every_phase_and_for_every_purpose() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    write(&database, [Change::Gift(new_gift(7, ANN))]).await.unwrap();
    let subscription = SubscriptionId::new(5);
    let replaced = ChangedGrant {
        grant: GrantId::new(1),
        end: day(31),
        value: 1500,
        unused: 700,
        new_grant: Some(GrantId::new(2)),
        price: 1400,
    };
    let period = NewPeriod { grant: GrantId::new(3), start: day(3), months: 12, price: 24_000 };
    let change = ChangeOfPlan {
        at: day(3),
        last_grant: Some(GrantId::new(1)),
        waived: 3,
        grace_days: 7,
        grants: vec![replaced],
        period: Some(period),
        conversion_months: Some(3),
    };
    let purposes = [
        of_subscription(5),
        Purpose::Renew { subscription, months: 2, clears_flag: true },
        Purpose::Renewal { subscription, end_date: day(31), attempt: 1, months: 1 },
        Purpose::ChangePlan { subscription, change },
        Purpose::Gift { gift: domain::GiftId::new(7) },
    ];
    let action_url = "https://pay.example/o'neil".to_owned();
    let phases = [
        PaymentPhase::Created,
        PaymentPhase::Sent,
        PaymentPhase::Unknown,
        PaymentPhase::ActionRequired { action_url },
        PaymentPhase::Succeeded,
        PaymentPhase::Declined { decline_code: "insufficient_funds".to_owned() },
        PaymentPhase::Cancelled,
    ];
    let mut stored = payment(100, purposes[0].clone());
    write(&database, [Change::Payment(stored.clone())]).await.unwrap();
    for phase in phases {
        let status = phase.status();
        let ends = !matches!(status, PaymentStatus::Processing | PaymentStatus::ActionRequired);
        stored = if ends { stored.ended(phase, day(4)) } else { stored.in_phase(phase) };
        write(&database, [Change::Payment(stored.clone())]).await.unwrap();
        let read = reads::payment(database.store(), LOCAL, stored.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&stored));
        let page = PageOfPayments {
            client: LOCAL,
            user: None,
            status: Some(status),
            before: None,
            limit: 1,
        };
        let found = reads::payments(database.store(), &page).await.unwrap();
        assert_eq!(found.payments, [stored.clone()], "{status:?}");
        stored.settled_at = None;
    }
    for status in [DisputeStatus::Opened, DisputeStatus::Won, DisputeStatus::Lost] {
        let dispute = Some(Dispute { reference: "dp_1".to_owned(), amount: 900, status });
        let disputed = Payment { dispute, ..payment(100, purposes[0].clone()) };
        let disputed = disputed.ended(PaymentPhase::Succeeded, day(4));
        write(&database, [Change::Payment(disputed.clone())]).await.unwrap();
        let read = reads::payment(database.store(), LOCAL, disputed.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&disputed));
        let working_set = load(&database, &payments([100])).await;
        assert_eq!(working_set.payment(LOCAL, disputed.id), Some(&disputed));
    }
    for (id, purpose) in (200..).zip(purposes) {
        let credit_only =
            Payment { cash: 0, credit: 1500, provider: None, method: None, ..payment(id, purpose) };
        write(&database, [Change::Payment(credit_only.clone())]).await.unwrap();
        let working_set = load(&database, &payments([id])).await;
        assert_eq!(working_set.payment(LOCAL, credit_only.id), Some(&credit_only));
        assert!(working_set.user(LOCAL, ANN).is_some());
    }
    let page =
        PageOfPayments { client: LOCAL, user: Some(ANN), status: None, before: None, limit: 3 };
    let found = reads::payments(database.store(), &page).await.unwrap();
    let ids: Vec<i64> = found.payments.iter().map(|payment| payment.id.get()).collect();
    assert_eq!((ids, found.has_more), (vec![204, 203, 202], true));
    let before = Some(PaymentId::new(202));
    let found =
        reads::payments(database.store(), &PageOfPayments { before, limit: 9, ..page }).await;
    assert_eq!(found.unwrap().payments.len(), 4);
}

#[tokio::test]
async fn the_new_columns_of_all_rows_are_read_as_they_were_written() {
    let database = Database::create().await;
    let open_payment = Some(OpenPayment { id: PaymentId::new(3), until: day(1) });
    let trialing = Subscription {
        state: SubscriptionState::Trialing { cancelling: None },
        trial_end: Some(day(14)),
        conversion: Some(Conversion { months: 3, is_payable: false }),
        attempts: 2,
        retry_at: Some(day(3)),
        open_payment,
        recognise_at: Some(day(9)),
        ..new_subscription(5, ANN)
    };
    let gift = domain::Gift {
        state: GiftState::Incomplete,
        value: 700,
        currency: Some(usd()),
        payment: Some(PaymentId::new(3)),
        ..new_gift(7, ANN)
    };
    let changed = Grant {
        months: 0,
        source: GrantSource::Change,
        length: Some(chrono::TimeDelta::microseconds(123)),
        to_credit: 20,
        from_grant: Some(GrantId::new(1)),
        closed_at: Some(day(8)),
        ..grant(2, 5, Some(3))
    };
    let rows = paid().into_iter().chain([
        Change::Subscription(trialing.clone()),
        Change::Gift(gift.clone()),
        Change::Grant(changed.clone()),
        Change::Refund(refund(4, 3)),
    ]);
    write(&database, rows).await.unwrap();
    let needs = Needs {
        gifts: local([gift.id]),
        refunds: local([RefundId::new(4)]),
        methods: local([PaymentMethodId::new(1)]),
        ..by_subscription(5)
    };
    let working_set = load(&database, &needs).await;
    assert_eq!(working_set.user(LOCAL, ANN), Some(&ann()));
    assert_eq!(working_set.subscription(LOCAL, trialing.id), Some(&trialing));
    assert_eq!(working_set.gift(LOCAL, gift.id), Some(&gift));
    assert_eq!(working_set.grant(changed.id), Some(&changed));
    assert_eq!(working_set.refund(LOCAL, RefundId::new(4)), Some(&refund(4, 3)));
    assert_eq!(working_set.method(LOCAL, PaymentMethodId::new(1)), Some(&method(1)));

    let ended = Refund { status: RefundStatus::Failed, settled_at: Some(day(5)), ..refund(4, 3) };
    let detached = PaymentMethod { status: MethodStatus::Detached, ..method(1) };
    let rows = [Change::Refund(ended.clone()), Change::Method(detached.clone())];
    write(&database, rows).await.unwrap();
    let working_set = load(&database, &needs).await;
    assert_eq!(working_set.refund(LOCAL, ended.id), Some(&ended));
    assert_eq!(working_set.method(LOCAL, detached.id), Some(&detached));
    let of = reads::payment_of_subscription(database.store(), LOCAL, trialing.id).await.unwrap();
    assert_eq!(of.map(|payment| payment.id), Some(PaymentId::new(3)));
}

#[tokio::test]
async fn methods_are_listed_as_long_as_they_can_be_charged() {
    let database = Database::create().await;
    let rows = paid().into_iter().chain([
        Change::Method(PaymentMethod { status: MethodStatus::Detached, ..method(2) }),
        Change::Method(method(3)),
        Change::Method(PaymentMethod {
            status: MethodStatus::Pending,
            card: None,
            customer: None,
            ..method(4)
        }),
    ]);
    write(&database, rows).await.unwrap();
    let page = PageOfMethods { client: LOCAL, user: ANN, before: None, limit: 1 };
    let first = reads::payment_methods(database.store(), &page).await.unwrap();
    assert_eq!((first.methods, first.has_more), (vec![method(3)], true));
    let page = PageOfMethods { before: Some(PaymentMethodId::new(3)), ..page };
    let second = reads::payment_methods(database.store(), &page).await.unwrap();
    assert_eq!((second.methods, second.has_more), (vec![method(1)], false));
}
