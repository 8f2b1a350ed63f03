//! What a bank says, in the form of the webhooks of the provider.

use crate::cluster::provider::WEBHOOK_SECRET;
use crate::history::BankEvent;
use anyhow::Result;
use domain::DisputeStatus;
use serde_json::json;

/// The body of an event, and its signature.
pub(super) fn signed(event: &BankEvent, copy: u32) -> Result<(String, String)> {
    let BankEvent { owner, payment, amount, status } = event;
    let (kind, word) = match status {
        DisputeStatus::Opened => ("charge.dispute.created", "needs_response"),
        DisputeStatus::Won => ("charge.dispute.closed", "won"),
        DisputeStatus::Lost => ("charge.dispute.closed", "lost"),
    };
    let reference = event.reference();
    let body = json!({
        "id": format!("evt_{reference}_{owner}_{word}_{copy}"),
        "object": "event",
        "type": kind,
        "data": { "object": {
            "id": reference,
            "object": "dispute",
            "amount": amount,
            "currency": "usd",
            "status": word,
            "metadata": {
                "client_id": owner.to_string(),
                "payment_id": payment.to_string(),
            },
        } },
    });
    let body = body.to_string();
    let signature = e2e::stripe::signature(WEBHOOK_SECRET, 0, &body)?;
    Ok((body, signature))
}
