//! The books of a client as it sees them.

use super::timestamp;
use domain::{Account, Currency, Instant, JobId, Transfer};
use serde::Serialize;
use utoipa::ToSchema;

/// The balances of the accounts of a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerBalances {
    balances: Vec<LedgerBalance>,
    /// The instant of the read.
    #[schema(format = DateTime)]
    as_of: String,
}

/// The balance of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerBalance {
    #[schema(example = "cash")]
    account: String,
    #[schema(inline)]
    currency: Currency,
    /// The balance, in the smallest unit of the currency: debits less credits for `cash`,
    /// `disputes`, `chargebacks` and `refund_loss`, and the other way round for all others.
    #[schema(example = 2000)]
    amount: i64,
}

impl LedgerBalances {
    /// The balances at `now`, each as debits less credits. Those that are 0 are left out.
    #[must_use]
    pub fn at(debits: impl IntoIterator<Item = (Account, Currency, i64)>, now: Instant) -> Self {
        let shown = |(account, currency, debits): (Account, Currency, i64)| LedgerBalance {
            account: account.to_string(),
            currency,
            amount: if account.is_debit() { debits } else { -debits },
        };
        let debits = debits.into_iter().filter(|(_, _, amount)| *amount != 0);
        Self { balances: debits.map(shown).collect(), as_of: timestamp(now) }
    }
}

/// A page of the lines of the ledger, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerEntries {
    entries: Vec<LedgerEntry>,
    has_more: bool,
}

/// A line of the ledger. Each transfer has two: one that debits an account, and one that credits
/// another.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerEntry {
    id: i64,
    /// The job that moved the money. All lines of one job balance.
    group: JobId,
    #[schema(example = "cash")]
    account: String,
    side: Side,
    #[schema(inline)]
    currency: Currency,
    /// The amount, in the smallest unit of the currency. It is never 0.
    #[schema(example = 2000, minimum = 1)]
    amount: u64,
    #[schema(format = DateTime)]
    at: String,
}

/// The side of an account that a line stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Side {
    /// The account is debited.
    Debit,
    /// The account is credited.
    Credit,
}

impl LedgerEntry {
    /// The two lines of the transfer with that number.
    #[must_use]
    pub fn both(number: i64, transfer: &Transfer) -> [Self; 2] {
        let line = |id, account: Account, side| Self {
            id,
            group: transfer.job,
            account: account.to_string(),
            side,
            currency: transfer.currency,
            amount: transfer.amount,
            at: timestamp(transfer.at),
        };
        let credit = number.saturating_mul(2);
        [line(credit - 1, transfer.debit, Side::Debit), line(credit, transfer.credit, Side::Credit)]
    }

    /// The number of the transfer that the line of that id belongs to.
    #[must_use]
    pub const fn transfer_of(id: i64) -> i64 {
        id / 2 + id % 2
    }

    /// The id of the line.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }
}

impl LedgerEntries {
    /// A page of those lines, and whether there are later ones.
    #[must_use]
    pub const fn page(entries: Vec<LedgerEntry>, has_more: bool) -> Self {
        Self { entries, has_more }
    }
}
