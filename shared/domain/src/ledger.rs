//! The ledger: what money was moved from where to where. A row is a transfer, so that the books
//! balance by construction.

use crate::{ClientId, Currency, GiftId, Instant, JobId, UserId};
use std::fmt;

/// An account of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What the provider holds for the client.
    Cash,
    /// What was paid for time that has not ended.
    Deferred,
    /// What was earned.
    Revenue,
    /// What a user has to his credit.
    Credit(UserId),
    /// What was paid for a gift that is not redeemed.
    Gift(GiftId),
    /// Money that came for something that is not there any more, until it is paid back.
    Unapplied,
    /// What was paid for gifts that nobody redeemed.
    Breakage,
    /// What was paid back though it was earned.
    RefundLoss,
    /// What is disputed.
    Disputes,
    /// What was lost by disputes.
    Chargebacks,
}

/// Money that moves from one account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The client whose books it is in.
    pub client: ClientId,
    /// The job that made it. All transfers of one job balance.
    pub job: JobId,
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// The amount in the smallest unit, never 0.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// The time of the client at which it was made.
    pub at: Instant,
}

impl Account {
    /// Whether its balance is positive on the debit side.
    #[must_use]
    pub const fn is_debit(self) -> bool {
        matches!(self, Self::Cash | Self::Disputes | Self::Chargebacks | Self::RefundLoss)
    }

    /// The account of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = [
            Self::Cash,
            Self::Deferred,
            Self::Revenue,
            Self::Unapplied,
            Self::Breakage,
            Self::RefundLoss,
            Self::Disputes,
            Self::Chargebacks,
        ];
        let number = |id: &str| id.parse().ok().filter(|id| *id > 0);
        match text.split_once(':') {
            Some(("credit", id)) => number(id).map(|id| Self::Credit(UserId::new(id))),
            Some(("gifts", id)) => number(id).map(|id| Self::Gift(GiftId::new(id))),
            Some(_) => None,
            None => plain.into_iter().find(|account| account.to_string() == text),
        }
    }
}

/// As it is written, in answers and in the schema.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Cash => "cash",
            Self::Deferred => "deferred",
            Self::Revenue => "revenue",
            Self::Credit(user) => return write!(f, "credit:{user}"),
            Self::Gift(gift) => return write!(f, "gifts:{gift}"),
            Self::Unapplied => "unapplied",
            Self::Breakage => "breakage",
            Self::RefundLoss => "refund_loss",
            Self::Disputes => "disputes",
            Self::Chargebacks => "chargebacks",
        };
        f.write_str(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_as_it_is_written() {
        for account in [
            Account::Cash,
            Account::Deferred,
            Account::Revenue,
            Account::Credit(UserId::new(7)),
            Account::Gift(GiftId::new(8)),
            Account::Unapplied,
            Account::Breakage,
            Account::RefundLoss,
            Account::Disputes,
            Account::Chargebacks,
        ] {
            assert_eq!(Account::parse(&account.to_string()), Some(account));
        }
        for text in ["", "money", "credit", "credit:", "credit:0", "credit:x", "gifts:-1", "cash:1"]
        {
            assert_eq!(Account::parse(text), None, "{text}");
        }
    }
}
