//! What a client is shown of money, to the byte.

use contract::view::{
    CreditView, LedgerBalances, LedgerEntries, LedgerEntry, PreviewView, UNDRAWN_ID_MIN,
};
use domain::{
    Account, Answer, ChargePreview, Currency, Entity, GiftId, GiftState, JobId, MethodCard,
    MethodStatus, OpenPayment, Operation, Payment, PaymentId, PaymentMethod, PaymentMethodId,
    PaymentPhase, Preview, Provider, Purpose, Refund, RefundId, RefundStatus, Refusal,
    Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus, Success, Transfer, User,
};
use samples::{ALICE, BOB, JOB, SHOP, at, gift, now, subscription, user};
use serde::Serialize;
use uuid::Uuid;

const RUNNING: SubscriptionId = SubscriptionId::new(10);

fn payment(purpose: Purpose, phase: PaymentPhase) -> Payment {
    Payment {
        id: PaymentId::new(30),
        client: SHOP,
        user: ALICE,
        purpose,
        plan: "gold".to_owned(),
        plan_version: 1,
        amount: 2000,
        cash: 1700,
        credit: 300,
        currency: Currency::USD,
        provider: Some(Provider::Simulated),
        method: Some(PaymentMethodId::new(40)),
        phase,
        refunded: 0,
        refunding: 0,
        dispute: None,
        job: JOB,
        created_at: at("2026-06-15T12:00:00Z"),
        expires_at: at("2026-06-16T11:00:00Z"),
        settled_at: None,
    }
}

fn settled(purpose: Purpose, phase: PaymentPhase) -> Payment {
    payment(purpose, PaymentPhase::Sent).ended(phase, now())
}

fn ensure_kept(name: &str, result: &Result<Success, Refusal>) {
    let Answer { status, body } = contract::answer(JOB, result, now());
    let mut settings = insta::Settings::new();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, format!("{status}\n{body}")));
}

fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_else(|error| error.to_string())
}

#[test]
fn what_is_bought_is_201_with_its_payment() {
    let purpose = Purpose::Subscribe { subscription: RUNNING, trial_used: false };
    let active = subscription(10, 1, "2026-06-15T12:00:00Z", "2026-07-15T12:00:00Z");
    let payment = Some(Box::new(settled(purpose, PaymentPhase::Succeeded)));
    let bought = Entity::Purchase { subscription: active, payment, trial_used: true };
    ensure_kept("bought_subscription", &Ok(Success::Created(bought)));
}

#[test]
fn what_is_not_paid_is_pending_and_says_where_to_go() {
    let action_url = "https://bank.example/confirm/1".to_owned();
    let purpose = Purpose::Subscribe { subscription: RUNNING, trial_used: false };
    let payment = payment(purpose, PaymentPhase::ActionRequired { action_url });
    let open = OpenPayment { id: payment.id, until: payment.expires_at };
    let now = at("2026-06-15T12:00:00Z");
    let pending = Subscription {
        state: SubscriptionState::Pending,
        start_date: now,
        anchor: now,
        anchor_months: 0,
        end_date: now,
        open_payment: Some(open),
        ..subscription(10, 1, "2026-06-15T12:00:00Z", "2026-07-15T12:00:00Z")
    };
    let payment = Some(Box::new(payment));
    let asked = Entity::Purchase { subscription: pending, payment, trial_used: false };
    ensure_kept("pending_subscription", &Ok(Success::Created(asked)));
}

#[test]
fn a_trial_is_201_without_a_payment() {
    let end = Some(at("2026-06-29T12:00:00Z"));
    let trialing = Subscription {
        state: SubscriptionState::Trialing { cancelling: None },
        trial_end: end,
        months: 0,
        anchor_months: 0,
        ..subscription(10, 1, "2026-06-15T12:00:00Z", "2026-06-29T12:00:00Z")
    };
    let begun = Entity::Purchase { subscription: trialing, payment: None, trial_used: false };
    ensure_kept("trialing_subscription", &Ok(Success::Created(begun)));
}

#[test]
fn a_gift_of_a_price_is_201_with_its_payment() {
    let purpose = Purpose::Gift { gift: GiftId::new(20) };
    let paid = settled(purpose.clone(), PaymentPhase::Succeeded);
    let given = Entity::GiftPurchase { gift: gift(20), payment: Box::new(paid) };
    ensure_kept("bought_gift", &Ok(Success::Created(given)));

    let unpaid = domain::Gift {
        state: GiftState::Incomplete,
        created_at: at("2026-06-15T12:00:00Z"),
        ..gift(20)
    };
    let payment = payment(purpose, PaymentPhase::Unknown);
    let given = Entity::GiftPurchase { gift: unpaid, payment: Box::new(payment) };
    ensure_kept("incomplete_gift", &Ok(Success::Created(given)));
}

#[test]
fn a_refused_payment_is_402_with_the_payment() {
    let purpose = Purpose::Renew { subscription: RUNNING, months: 1, clears_flag: false };
    let decline_code = "insufficient_funds".to_owned();
    let phase = PaymentPhase::Declined { decline_code: decline_code.clone() };
    let payment = Box::new(settled(purpose, phase));
    ensure_kept("declined_payment", &Err(Refusal::PaymentDeclined { payment, decline_code }));
}

#[test]
fn an_unconfirmed_renewal_is_402_with_the_way_to_confirm_it() {
    let purpose = Purpose::Renew { subscription: RUNNING, months: 1, clears_flag: false };
    let action_url = "https://bank.example/confirm/1".to_owned();
    let payment = Box::new(payment(purpose, PaymentPhase::ActionRequired { action_url }));
    ensure_kept("unconfirmed_payment", &Err(Refusal::PaymentActionRequired { payment }));
}

#[test]
fn a_renewal_that_is_paid_too_late_is_409_with_the_payment() {
    let purpose = Purpose::Renew { subscription: RUNNING, months: 1, clears_flag: false };
    let payment = Box::new(settled(purpose, PaymentPhase::Succeeded));
    let why = Refusal::SubscriptionNotActive { current: SubscriptionStatus::Cancelled };
    ensure_kept("late_payment", &Err(Refusal::TooLate { why: Box::new(why), payment }));
}

#[test]
fn what_nothing_waits_for_any_more_is_402_and_does_not_say_that_nothing_was_charged() {
    let purpose = Purpose::Renew { subscription: RUNNING, months: 1, clears_flag: false };
    for (name, why, phase) in [
        ("lapsed_payment", Refusal::PaymentLapsed, PaymentPhase::Succeeded),
        ("lapsed_unconfirmed_payment", Refusal::PaymentLapsed, PaymentPhase::Cancelled),
        ("outdated_payment", Refusal::NotAsPriced, PaymentPhase::Succeeded),
    ] {
        let payment = Box::new(settled(purpose.clone(), phase));
        ensure_kept(name, &Err(Refusal::TooLate { why: Box::new(why), payment }));
    }
}

#[test]
fn a_payment_method_shows_no_more_of_a_card_than_its_last_digits() {
    let method = PaymentMethod {
        id: PaymentMethodId::new(40),
        client: SHOP,
        user: ALICE,
        provider: Provider::Stripe,
        reference: "pm_1".to_owned(),
        customer: Some("cus_1".to_owned()),
        status: MethodStatus::Attached,
        card: Some(MethodCard { brand: "visa".to_owned(), last4: "4242".to_owned() }),
        created_at: at("2026-06-01T00:00:00Z"),
    };
    let attached = Entity::Method { method, is_default: true };
    ensure_kept("payment_method", &Ok(Success::Created(attached)));
}

#[test]
fn a_refund_is_201_and_says_how_far_it_is() {
    let refund = Refund {
        id: RefundId::new(50),
        client: SHOP,
        payment: PaymentId::new(30),
        amount: 1700,
        currency: Currency::USD,
        status: RefundStatus::Succeeded,
        is_of_late_money: false,
        cancels: true,
        job: JOB,
        created_at: now(),
        settled_at: Some(now()),
    };
    ensure_kept("refund", &Ok(Success::Created(Entity::Refund(refund))));
}

#[test]
fn balances_are_positive_on_the_side_of_their_account() {
    let (usd, eur) = (Currency::USD, Currency::parse("EUR").unwrap());
    let debits = [
        (Account::Cash, usd, 2000),
        (Account::Deferred, usd, -1500),
        (Account::Credit(BOB), usd, -500),
        (Account::Revenue, eur, 0),
    ];
    let expected = concat!(
        r#"{"balances":[{"account":"cash","currency":"USD","amount":2000},"#,
        r#"{"account":"deferred","currency":"USD","amount":1500},"#,
        r#"{"account":"credit:2","currency":"USD","amount":500}],"#,
        r#""as_of":"2026-06-15T12:00:00.123456Z"}"#
    );
    assert_eq!(json(&LedgerBalances::at(debits, now())), expected);
}

#[test]
fn a_transfer_has_two_lines_whose_ids_go_up() {
    let transfer = Transfer {
        client: SHOP,
        job: JobId::new(Uuid::from_u128(7)),
        debit: Account::Cash,
        credit: Account::Gift(GiftId::new(20)),
        amount: 2000,
        currency: Currency::USD,
        at: now(),
    };
    let lines = LedgerEntry::both(4, &transfer);
    assert_eq!(lines.each_ref().map(LedgerEntry::id), [7, 8]);
    assert_eq!([6, 7, 8, 9].map(LedgerEntry::transfer_of), [3, 4, 4, 5]);
    assert_eq!(LedgerEntry::transfer_of(i64::MAX), 1 << 62);
    let expected = concat!(
        r#"{"entries":[{"id":7,"group":"00000000-0000-0000-0000-000000000007","#,
        r#""account":"cash","side":"debit","currency":"USD","amount":2000,"#,
        r#""at":"2026-06-15T12:00:00.123456Z"},"#,
        r#"{"id":8,"group":"00000000-0000-0000-0000-000000000007","#,
        r#""account":"gifts:20","side":"credit","currency":"USD","amount":2000,"#,
        r#""at":"2026-06-15T12:00:00.123456Z"}],"has_more":false}"#
    );
    assert_eq!(json(&LedgerEntries::page(lines.into(), false)), expected);
}

#[test]
fn credit_is_shown_if_there_is_any() {
    let alice = |currency, credit| User { currency, credit, ..user(ALICE, SHOP, "a@b.org") };
    for none in [alice(None, 0), alice(Some(Currency::USD), 0)] {
        assert_eq!(json(&CreditView::from(&none)), r#"{"balances":[]}"#);
    }
    let some = CreditView::from(&alice(Some(Currency::USD), 500));
    assert_eq!(json(&some), r#"{"balances":[{"currency":"USD","amount":500}]}"#);
}

/// Ids of what is there are shown, and those that would be drawn are not.
#[test]
fn a_preview_shows_the_answer_without_the_ids_that_it_would_have() {
    let undrawn = SubscriptionId::new(UNDRAWN_ID_MIN);
    let purpose = Purpose::Subscribe { subscription: undrawn, trial_used: false };
    let id = PaymentId::new(UNDRAWN_ID_MIN);
    let paid = Payment { id, ..settled(purpose, PaymentPhase::Succeeded) };
    let active = subscription(10, 1, "2026-06-15T12:00:00Z", "2026-07-15T12:00:00Z");
    let subscription = Subscription { id: undrawn, ..active };
    let payment = Some(Box::new(paid));
    let bought = Entity::Purchase { subscription, payment, trial_used: false };
    let charge = ChargePreview { amount: 2000, cash: 1700, credit: 300, currency: Currency::USD };
    let outcome = Ok(Success::Created(bought));
    let preview = Preview { outcome, charge: Some(charge), to_credit: 0 };
    let shown = PreviewView::at(Operation::Subscribe, &preview, now());
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!((&shown["operation"], &shown["status"]), (&"subscribe".into(), &201.into()));
    let result = &shown["result"];
    assert_eq!((&result["id"], &result["user_id"]), (&().into(), &1.into()));
    assert!(result["payment"]["id"].is_null());
    assert!(result["payment"]["subscription_id"].is_null());
    assert_eq!(result["payment"]["amount"], 2000);
    assert_eq!((&shown["charge"]["cash"], shown.get("error")), (&1700.into(), None));

    let preview = Preview { outcome: Err(Refusal::PlanUnchanged), charge: None, to_credit: 0 };
    let shown = PreviewView::at(Operation::ChangePlan, &preview, now());
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!(shown["error"]["code"], "plan_unchanged");
    assert_eq!((shown["error"].get("instance"), shown.get("result")), (None, None));
    assert_eq!((&shown["status"], &shown["charge"]), (&409.into(), &().into()));
}
