//! Previews of commands as clients see them.

use crate::answer::answer_success;
use crate::{Problem, refusal};
use domain::{Answer, ChargePreview, Currency, Instant, Operation, Preview};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The least id that is no row's. A preview is made with such ids in place of those that would be
/// drawn.
pub const UNDRAWN_ID_MIN: i64 = 1 << 62;

/// What a command would do if it was submitted now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    #[schema(example = "subscribe")]
    operation: &'static str,
    /// The HTTP status of the answer.
    #[schema(example = 201)]
    status: u16,
    /// The body of the answer, if the command would be done. An id that is still to be drawn is
    /// null.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// The problem of the answer, if the command would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Problem>)]
    error: Option<Value>,
    /// What would be charged; null if nothing has to be paid.
    #[schema(required)]
    charge: Option<ChargeView>,
    /// What would go to the credit of the user, in the smallest unit of the currency.
    to_credit: u64,
}

/// What would be charged, in the smallest unit of the currency.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct ChargeView {
    /// The price: cash and credit.
    #[schema(example = 2000)]
    amount: u64,
    /// The part that the payment method would be charged.
    cash: u64,
    /// The part that would be taken from the credit of the user.
    credit: u64,
    #[schema(inline)]
    currency: Currency,
}

impl PreviewView {
    /// What a command of that kind would do at `now`.
    #[must_use]
    pub fn at(operation: Operation, preview: &Preview, now: Instant) -> Self {
        let charge = preview.charge.map(|ChargePreview { amount, cash, credit, currency }| {
            ChargeView { amount, cash, credit, currency }
        });
        let body = |body: &str| {
            let mut body = serde_json::from_str(body).unwrap_or_default();
            hide_undrawn(&mut body);
            Some(body)
        };
        let (status, result, error) = match &preview.outcome {
            Ok(success) => {
                let Answer { status, body: text } = answer_success(success, now);
                (status, body(&text), None)
            }
            // There is no job that it could be about.
            Err(refusal) => {
                let problem = refusal::problem(refusal);
                (problem.status, None, body(&problem.to_json()))
            }
        };
        let (operation, to_credit) = (operation.as_str(), preview.to_credit);
        Self { operation, status, result, error, charge, to_credit }
    }
}

/// Makes the ids null that are still to be drawn.
fn hide_undrawn(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(hide_undrawn),
        Value::Array(items) => items.iter_mut().for_each(hide_undrawn),
        Value::Number(number) if number.as_i64().is_some_and(|id| UNDRAWN_ID_MIN <= id) => {
            *value = Value::Null;
        }
        _ => {}
    }
}
