//! What a provider tells by itself, in Stripe's form, which that of the simulated one has, too.

use super::stripe::{Intent, Refund};
use domain::{
    ClientId, Currency, DisputeStatus, EventSubject, InternalCommand, Money, PAYMENT_MAX,
    PaymentId, RefundId, RefundOutcome, SettleDispute, SettlePayment, SettleRefund,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

/// Why an event cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// It is not in the form that is known.
    #[error("it cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The dispute has an id, an amount or a currency that none can have.
    #[error("the dispute cannot be one")]
    NotADispute,
    /// It says of something that it is in a state that it cannot be in.
    #[error("it does not say what came of it")]
    Undecided,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// The longest id of a dispute.
const ID_LENGTH_MAX: usize = 100;

#[derive(Deserialize)]
struct Dispute {
    id: String,
    amount: u64,
    currency: String,
    status: String,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

/// What is told of the money. Whoever has signed an event may have written anything into it: it
/// counts only where that is the money of the payment or refund.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ToldMoney {
    amount: Option<u64>,
    currency: Option<String>,
}

impl ToldMoney {
    /// Whether it is that much.
    pub(crate) fn is(&self, amount: u64, currency: Currency) -> bool {
        let told = self.currency.as_deref();
        self.amount == Some(amount)
            && told.is_some_and(|told| told.eq_ignore_ascii_case(currency.as_str()))
    }
}

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// A command for a client, and the money that it is about.
    Command(ClientId, InternalCommand, ToldMoney),
    /// A dispute that names no payment of ours, but an intent of the provider, which does.
    DisputeOf {
        /// The intent.
        intent: String,
        /// The dispute.
        dispute: Disputed,
    },
}

#[cfg(test)]
impl Told {
    /// The command, of what is one.
    pub(crate) fn command(self) -> (ClientId, InternalCommand) {
        match self {
            Self::Command(client, command, _) => (client, command),
            Self::DisputeOf { .. } => panic!("{self:?}"),
        }
    }
}

/// What is told of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disputed {
    id: String,
    money: Money,
    status: DisputeStatus,
}

impl Disputed {
    /// The command for the payment that is disputed.
    pub(crate) fn of(self, payment_id: PaymentId) -> InternalCommand {
        let Self { id: dispute, money, status } = self;
        SettleDispute { payment_id, dispute, money, status }.into()
    }
}

/// What an event comes to. `None` of one that is of no use: of a type that is not known, or about
/// something that we have not made.
pub(crate) fn read(body: &str) -> Result<Option<Told>, Unusable> {
    let Event { kind, data: Data { object } } = serde_json::from_str(body)?;
    let Some(subject) = EventSubject::of_type(&kind) else { return Ok(None) };
    let command = match subject {
        EventSubject::Charge => of_payment(object),
        EventSubject::Refund => of_refund(object),
        EventSubject::Dispute => return of_dispute(object),
    };
    Ok(command?.map(|(client, command, money)| Told::Command(client, command, money)))
}

/// Whatever the type of the event, the status says how far the dispute is. With an inquiry of the
/// bank no money moves.
fn of_dispute(object: Value) -> Result<Option<Told>, Unusable> {
    let found: Dispute = from_value(object)?;
    let status = match found.status.as_str() {
        "won" => DisputeStatus::Won,
        "lost" => DisputeStatus::Lost,
        "needs_response" | "under_review" => DisputeStatus::Opened,
        _ => return Ok(None),
    };
    let currency = Currency::parse(&found.currency.to_ascii_uppercase());
    let currency = currency.map_err(|_| Unusable::NotADispute)?;
    let is_id = found.id.len() <= ID_LENGTH_MAX && found.id.bytes().all(|b| b.is_ascii_graphic());
    if !is_id || found.id.is_empty() || found.amount > PAYMENT_MAX {
        return Err(Unusable::NotADispute);
    }
    let money = Money { amount: found.amount, currency };
    let dispute = Disputed { id: found.id, money, status };
    if let Some((client, payment)) = payment_of(&found.metadata) {
        // A part of a payment may be disputed.
        return Ok(Some(Told::Command(client, dispute.of(payment), ToldMoney::default())));
    }
    Ok(found.payment_intent.map(|intent| Told::DisputeOf { intent, dispute }))
}

/// The payment that metadata of ours names.
pub(super) fn payment_of(metadata: &HashMap<String, String>) -> Option<(ClientId, PaymentId)> {
    let (client, payment) = (id(metadata, "client_id")?, id(metadata, "payment_id")?);
    Some((ClientId::new(client), PaymentId::new(payment)))
}

type ToldCommand = (ClientId, InternalCommand, ToldMoney);

fn of_payment(object: Value) -> Result<Option<ToldCommand>, Unusable> {
    let intent: Intent = from_value(object)?;
    let Some((client, payment_id)) = payment_of(&intent.metadata) else { return Ok(None) };
    let outcome = intent.outcome(true).map_err(|_| Unusable::Undecided)?;
    let money = ToldMoney { amount: intent.amount, currency: intent.currency };
    Ok(Some((client, SettlePayment { payment_id, outcome }.into(), money)))
}

fn of_refund(object: Value) -> Result<Option<ToldCommand>, Unusable> {
    let refund: Refund = from_value(object)?;
    let [client, payment, id] =
        ["client_id", "payment_id", "refund_id"].map(|name| id(&refund.metadata, name));
    let (Some(client), Some(payment), Some(id)) = (client, payment, id) else { return Ok(None) };
    // One that is under way is looked at again by who pays it back.
    let Ok(outcome @ (RefundOutcome::Succeeded | RefundOutcome::Failed)) = refund.outcome() else {
        return Ok(None);
    };
    let (refund_id, payment_id) = (RefundId::new(id), PaymentId::new(payment));
    let command = SettleRefund { refund_id, payment_id, outcome };
    let money = ToldMoney { amount: refund.amount, currency: refund.currency };
    Ok(Some((ClientId::new(client), command.into(), money)))
}

fn id(metadata: &HashMap<String, String>, name: &str) -> Option<i64> {
    metadata.get(name)?.parse().ok().filter(|id| *id > 0)
}

fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Unusable> {
    Ok(serde_json::from_value(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChargeOutcome, DeclineCode};
    use serde_json::json;

    fn text(kind: &str, object: &Value) -> String {
        json!({ "id": "evt_1", "type": kind, "data": { "object": object } }).to_string()
    }

    fn event(kind: &str, object: &Value) -> Option<Told> {
        read(&text(kind, object)).unwrap()
    }

    fn told(command: InternalCommand) -> Told {
        Told::Command(ClientId::new(3), command, ToldMoney::default())
    }

    fn settled(outcome: ChargeOutcome) -> Told {
        let payment_id = PaymentId::new(7);
        told(SettlePayment { payment_id, outcome }.into())
    }

    fn dispute(status: &str, metadata: &Value) -> Value {
        json!({ "id": "dp_1", "amount": 1500, "currency": "usd", "status": status,
                "payment_intent": "pi_1", "metadata": metadata })
    }

    #[test]
    fn a_dispute_is_that_of_a_payment_or_of_an_intent_which_knows_it() {
        let ours = json!({ "client_id": "3", "payment_id": "7" });
        let money = Money { amount: 1500, currency: Currency::parse("USD").unwrap() };
        for (status, expected) in [
            ("needs_response", Some(DisputeStatus::Opened)),
            ("under_review", Some(DisputeStatus::Opened)),
            ("won", Some(DisputeStatus::Won)),
            ("lost", Some(DisputeStatus::Lost)),
            ("warning_needs_response", None),
            ("warning_closed", None),
        ] {
            let told = expected.map(|status| Disputed { id: "dp_1".to_owned(), money, status });
            let found = event("charge.dispute.created", &dispute(status, &ours));
            let command = told.clone().map(|told| told.of(PaymentId::new(7)));
            assert_eq!(found, command.map(super::tests::told));
            let found = event("charge.dispute.closed", &dispute(status, &json!({})));
            let of = |dispute| Told::DisputeOf { intent: "pi_1".to_owned(), dispute };
            assert_eq!(found, told.map(of), "{status}");
        }
        let lost = dispute("lost", &ours);
        assert_eq!(event("charge.dispute.funds_withdrawn", &lost), None);
        for (member, nonsense) in [
            ("id", json!("d p")),
            ("id", json!("d".repeat(101))),
            ("amount", json!(domain::PAYMENT_MAX + 1)),
            ("currency", json!("dollars")),
        ] {
            let mut object = lost.clone();
            object[member] = nonsense;
            let found = read(&text("charge.dispute.closed", &object));
            assert!(matches!(found, Err(Unusable::NotADispute)), "{found:?}");
        }
    }

    #[test]
    fn an_intent_of_ours_settles_its_payment() {
        let metadata = json!({ "client_id": "3", "payment_id": "7" });
        let intent = json!({ "id": "pi_1", "status": "succeeded", "metadata": metadata });
        let succeeded = event("payment_intent.succeeded", &intent);
        assert_eq!(succeeded, Some(settled(ChargeOutcome::Succeeded)));
        let error = json!({ "type": "card_error", "code": "card_declined",
                            "decline_code": "lost_card" });
        let intent = json!({ "id": "pi_1", "status": "requires_payment_method",
                             "last_payment_error": error, "metadata": metadata });
        let decline = DeclineCode { code: "lost_card".to_owned(), is_hard: true };
        let failed = event("payment_intent.payment_failed", &intent);
        assert_eq!(failed, Some(settled(ChargeOutcome::Declined { decline })));
    }

    #[test]
    fn a_refund_of_ours_is_settled_when_it_has_ended() {
        let metadata = json!({ "client_id": "3", "payment_id": "7", "refund_id": "9" });
        let refund = |status: &str| json!({ "id": "re_1", "status": status, "metadata": metadata });
        let (refund_id, payment_id) = (RefundId::new(9), PaymentId::new(7));
        let failed = SettleRefund { refund_id, payment_id, outcome: RefundOutcome::Failed };
        let expected = Some(told(failed.into()));
        assert_eq!(event("refund.failed", &refund("failed")), expected);
        assert_eq!(event("refund.updated", &refund("pending")), None);
    }

    #[test]
    fn what_is_not_ours_is_dropped_and_nonsense_is_told() {
        let foreign = json!({ "id": "pi_1", "status": "succeeded", "metadata": {} });
        assert_eq!(event("payment_intent.succeeded", &foreign), None);
        assert_eq!(event("invoice.paid", &json!({ "id": "in_1" })), None);
        assert!(matches!(read("{}"), Err(Unusable::Unreadable(_))));
    }

    #[test]
    fn what_it_says_of_the_money_has_to_be_there_and_to_agree() {
        let dollars = Currency::parse("USD").unwrap();
        for (amount, currency, agrees) in [
            (json!(1500), json!("usd"), true),
            (json!(1501), json!("usd"), false),
            (json!(1500), json!("eur"), false),
            (json!(null), json!("usd"), false),
            (json!(1500), json!(null), false),
        ] {
            let metadata = json!({ "client_id": "3", "payment_id": "7", "refund_id": "9" });
            let object = json!({ "id": "x_1", "status": "succeeded", "metadata": metadata,
                                 "amount": amount, "currency": currency });
            for kind in ["payment_intent.succeeded", "refund.updated"] {
                let Some(Told::Command(.., money)) = event(kind, &object) else {
                    panic!("{object}")
                };
                assert_eq!(money.is(1500, dollars), agrees, "{object}");
            }
        }
    }
}
