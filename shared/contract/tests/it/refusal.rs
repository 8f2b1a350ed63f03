//! What a refused client is told: the catalogue of `semantics.md` 3.2, word for word.

use domain::Refusal;
use domain::{Answer, Currency, PaymentId, SubscriptionId, SubscriptionStatus, UserId};
use samples::{JOB, at, now};

/// A refusal with its status, code, title and detail, and the members that only it has.
type Row = (Refusal, u16, &'static str, &'static str, &'static str, &'static str);

#[expect(clippy::too_many_lines, reason = "a table")]
fn catalogue() -> [Row; 31] {
    let july = at("2026-07-01T00:00:00Z");
    [
        (
            Refusal::UserNotFound,
            404,
            "user_not_found",
            "There is no such user",
            "No user has this id.",
            "",
        ),
        (
            Refusal::GifterNotFound,
            404,
            "gifter_not_found",
            "There is no such gifter",
            "No user has the id given as gifter_id.",
            "",
        ),
        (
            Refusal::SubscriptionNotFound,
            404,
            "subscription_not_found",
            "There is no such subscription",
            "No subscription has this id.",
            "",
        ),
        (
            Refusal::GiftNotFound,
            404,
            "gift_not_found",
            "There is no such gift",
            "No gift has this id.",
            "",
        ),
        (
            Refusal::PlanNotFound,
            404,
            "plan_not_found",
            "There is no such plan",
            "No plan has this code.",
            "",
        ),
        (
            Refusal::EmailTaken,
            409,
            "email_taken",
            "The email belongs to another user",
            "Another user has this email address.",
            "",
        ),
        (
            Refusal::ExternalIdTaken { user: UserId::new(7) },
            409,
            "external_id_taken",
            "The external id belongs to another user",
            "Another user has this external id.",
            r#","user_id":7"#,
        ),
        (
            Refusal::AlreadySubscribed { subscription: SubscriptionId::new(10), end_date: july },
            409,
            "already_subscribed",
            "The user has an active subscription",
            "The user has an active subscription: renew that one instead.",
            r#","end_date":"2026-07-01T00:00:00.000000Z","subscription_id":10"#,
        ),
        (
            Refusal::SubscriptionNotActive { current: SubscriptionStatus::Expired },
            409,
            "subscription_not_active",
            "The subscription is not active",
            "Only an active subscription can be changed.",
            r#","current_status":"expired""#,
        ),
        (
            Refusal::GiftNotRecipient,
            403,
            "gift_not_recipient",
            "The gift is for somebody else",
            "The gift was sent to another email address.",
            "",
        ),
        (
            Refusal::GiftAlreadyRedeemed {
                redeemed_at: july,
                subscription: Some(SubscriptionId::new(10)),
            },
            409,
            "gift_already_redeemed",
            "The gift has been redeemed",
            "A gift can be redeemed once.",
            r#","redeemed_at":"2026-07-01T00:00:00.000000Z","subscription_id":10"#,
        ),
        (
            Refusal::GiftExpired { expired_at: july },
            410,
            "gift_expired",
            "The gift has expired",
            "The gift was not redeemed before it expired.",
            r#","expired_at":"2026-07-01T00:00:00.000000Z""#,
        ),
        (
            unknown_plan(&["monthly", "yearly"], false),
            422,
            "unknown_plan",
            "There is no such plan",
            "There is no plan gold; the plans are monthly, yearly.",
            "",
        ),
        (
            Refusal::PlanRetired { plan: "gold".to_owned() },
            422,
            "plan_retired",
            "The plan is not sold any more",
            "The gold plan is not sold any more.",
            "",
        ),
        (
            Refusal::DurationNotMultiple { plan: "yearly".to_owned(), interval_months: 12 },
            422,
            "duration_not_multiple",
            "The duration does not fit the plan",
            "The yearly plan is sold in multiples of 12 months.",
            "",
        ),
        (
            Refusal::TermTooLong,
            422,
            "term_too_long",
            "The term would end too late",
            "No subscription can end after the year 9999.",
            "",
        ),
        (
            Refusal::TrialNotAvailable,
            409,
            "trial_not_available",
            "There is no trial for this user",
            "The plan has no trial, or the user has had one of its tier. Nothing was charged.",
            "",
        ),
        (
            Refusal::PaymentInProgress { payment: PaymentId::new(9) },
            409,
            "payment_in_progress",
            "A payment is in progress",
            "Wait until the end of that payment is known.",
            r#","payment_id":9"#,
        ),
        (
            Refusal::CurrencyMismatch { currency: Currency::USD },
            422,
            "currency_mismatch",
            "The user pays in another currency",
            "The user pays in USD.",
            r#","currency":"USD""#,
        ),
        (
            Refusal::PriceTooSmall { plan: "gold".to_owned() },
            422,
            "price_too_small",
            "The price is too small to be charged",
            "The price of the gold plan is less than can be charged.",
            "",
        ),
        (
            Refusal::PaymentMethodRequired,
            402,
            "payment_method_required",
            "A payment method is needed",
            "The user has no default payment method, and there is something to pay.",
            "",
        ),
        (
            Refusal::PaymentMethodNotFound,
            404,
            "payment_method_not_found",
            "There is no such payment method",
            "No payment method has this id.",
            "",
        ),
        (
            Refusal::PaymentMethodDeclined { decline_code: "stolen_card".to_owned() },
            402,
            "payment_method_declined",
            "The payment method was refused",
            "The provider has refused the payment method.",
            r#","decline_code":"stolen_card""#,
        ),
        (
            Refusal::PaymentNotFound,
            404,
            "payment_not_found",
            "There is no such payment",
            "No payment has this id.",
            "",
        ),
        (
            Refusal::PaymentNotRefundable,
            409,
            "payment_not_refundable",
            "Nothing can be paid back",
            "The payment did not succeed, had no cash, or was paid back already.",
            "",
        ),
        (
            Refusal::PaymentDisputed,
            409,
            "payment_disputed",
            "The payment is disputed",
            "The user disputes the payment at his bank.",
            "",
        ),
        (
            Refusal::RefundTooLarge { amount_max: 1500 },
            422,
            "refund_too_large",
            "The refund is too large",
            "At most 1500 can be paid back.",
            r#","amount_max":1500"#,
        ),
        (
            Refusal::RefundPartialGift,
            422,
            "refund_partial_gift",
            "A gift is paid back whole",
            "The payment of a gift is paid back whole.",
            "",
        ),
        (
            Refusal::PlanUnchanged,
            409,
            "plan_unchanged",
            "The subscription has this plan",
            "The subscription has this plan, in its newest version.",
            "",
        ),
        (
            Refusal::GiftCancelled,
            410,
            "gift_cancelled",
            "The gift was taken back",
            "The gift was taken back.",
            "",
        ),
        (
            Refusal::PaymentsDisabled { plan: "gold".to_owned() },
            422,
            "payments_disabled",
            "No payments are taken",
            "The gold plan has a price, and no payments are taken here.",
            "",
        ),
    ]
}

fn unknown_plan(on_sale: &[&str], more: bool) -> Refusal {
    let on_sale = on_sale.iter().map(|code| (*code).to_owned()).collect();
    Refusal::UnknownPlan { plan: "gold".to_owned(), on_sale, more }
}

/// The detail is bounded, whatever a client sells.
#[test]
fn an_unknown_plan_is_answered_with_those_there_are_or_the_first_of_them() {
    for (refusal, detail) in [
        (unknown_plan(&[], false), "There is no plan gold, and none is on sale."),
        (unknown_plan(&["a"], false), "There is no plan gold; the plans are a."),
        (
            unknown_plan(&["a", "b"], true),
            "There is no plan gold; the plans are a, b and more: see GET /plans.",
        ),
    ] {
        assert_eq!(contract::refusal::problem(&refusal).detail, detail);
    }
}

#[test]
fn every_refusal_is_answered_as_the_catalogue_says() {
    for (refusal, status, code, title, detail, extra) in catalogue() {
        let slug = code.replace('_', "-");
        let body = [
            &format!(r#"{{"type":"/problems/{slug}","title":"{title}","status":{status},"#),
            &format!(r#""detail":"{detail}","code":"{code}","#),
            r#""instance":"/jobs/00000000-0000-0000-0000-000000000007","#,
            &format!(r#""retry":"new_key"{extra}}}"#),
        ];
        let answer = contract::answer(JOB, &Err(refusal.clone()), now());
        assert_eq!(answer, Answer { status, body: body.concat() }, "{refusal:?}");
        assert!(!answer.is_success());
    }
}

#[test]
fn how_a_subscription_ended_is_told() {
    for (current, word) in
        [(SubscriptionStatus::Cancelled, "cancelled"), (SubscriptionStatus::Expired, "expired")]
    {
        let problem = contract::refusal::problem(&Refusal::SubscriptionNotActive { current });
        assert_eq!(problem.extra.get("current_status"), Some(&word.into()));
    }
}

#[test]
fn the_example_of_each_refusal_has_its_members() {
    for (refusal, _, code, _, _, extra) in catalogue() {
        let example = contract::refusal::kind(&refusal).example();
        assert_eq!(example.code, code);
        assert!(example.instance.is_some(), "{code} is the outcome of a job");
        let members = contract::refusal::problem(&refusal).extra;
        assert!(example.extra.keys().eq(members.keys()), "{code}: {extra}");
    }
}
