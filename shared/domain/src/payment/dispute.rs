//! A dispute: the user has told his bank that he did not pay, or not for that.

use serde::{Deserialize, Serialize};

/// The dispute of a payment. A payment has one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The provider's id of it.
    pub reference: String,
    /// The amount, in the currency of the payment.
    pub amount: u64,
    /// How far it is.
    pub status: DisputeStatus,
}

/// How far a dispute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The bank has not decided. The provider holds the money back.
    Opened,
    /// The money came back to us.
    Won,
    /// The money went back to the user.
    Lost,
}

impl DisputeStatus {
    /// The spelling, in the schema and in the key of the settlement.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Opened, Self::Won, Self::Lost].into_iter().find(|status| status.as_str() == text)
    }
}
