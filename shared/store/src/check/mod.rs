//! Looks whether what is stored is consistent: one statement for each invariant, which finds what
//! breaks it. They change nothing.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::ClientId;
use sqlx::query_file_scalar;

/// Something that is true of the rows of each client, at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// A user has one live subscription at most.
    OneLiveSubscription,
    /// A gift is redeemed if it has given its months, once.
    GiftRedeemedOnce,
    /// The grants of a live subscription cover its time without a gap.
    SlicesTile,
    /// What was paid for time that has not ended stands in the ledger.
    Deferred,
    /// What the provider holds stands in the ledger.
    Cash,
    /// The credit of users stands in the ledger.
    Credit,
    /// What was paid for gifts stands in the ledger.
    GiftsPaid,
    /// What came too late stands in the ledger until it is paid back.
    Unapplied,
    /// Each grant that is worth something was paid for.
    GrantsPaid,
    /// A subscription waits for a payment that has not ended.
    OpenPayments,
    /// What a provider is to be asked for is not forgotten.
    NothingForgotten,
    /// What is disputed stands in the ledger, and what was lost by that.
    Disputes,
    /// The closings of the ledger are the sums of it.
    Closings,
    /// Nothing waits for a provider for long, and no refund has failed.
    NothingStuck,
}

/// Asks one of the statements.
macro_rules! found {
    ($connection:expr, $client:expr, $limit:expr, $file:literal) => {
        query_file_scalar!($file, $client, $limit).fetch_all($connection).await
    };
}

impl Invariant {
    /// Every invariant.
    pub const ALL: [Self; 14] = [
        Self::OneLiveSubscription,
        Self::GiftRedeemedOnce,
        Self::SlicesTile,
        Self::Deferred,
        Self::Cash,
        Self::Credit,
        Self::GiftsPaid,
        Self::Unapplied,
        Self::GrantsPaid,
        Self::OpenPayments,
        Self::NothingForgotten,
        Self::Disputes,
        Self::Closings,
        Self::NothingStuck,
    ];

    /// The name, for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneLiveSubscription => "one_live_subscription",
            Self::GiftRedeemedOnce => "gift_redeemed_once",
            Self::SlicesTile => "slices_tile",
            Self::Deferred => "deferred",
            Self::Cash => "cash",
            Self::Credit => "credit",
            Self::GiftsPaid => "gifts_paid",
            Self::Unapplied => "unapplied",
            Self::GrantsPaid => "grants_paid",
            Self::OpenPayments => "open_payments",
            Self::NothingForgotten => "nothing_forgotten",
            Self::Disputes => "disputes",
            Self::Closings => "closings",
            Self::NothingStuck => "nothing_stuck",
        }
    }

    /// What breaks it among the rows of that client: at most `limit` findings.
    #[tracing::instrument(level = "debug", skip(database))]
    pub async fn look(
        self,
        database: &Database,
        client: ClientId,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let (client, limit) = (client.get(), i64::from(limit));
        let look = |mut connection: Lent| async move {
            let connection = &mut *connection;
            let found = match self {
                Self::OneLiveSubscription => {
                    found!(connection, client, limit, "src/check/one_live_subscription.sql")
                }
                Self::GiftRedeemedOnce => {
                    found!(connection, client, limit, "src/check/gift_redeemed_once.sql")
                }
                Self::SlicesTile => found!(connection, client, limit, "src/check/slices_tile.sql"),
                Self::Deferred => found!(connection, client, limit, "src/check/deferred.sql"),
                Self::Cash => found!(connection, client, limit, "src/check/cash.sql"),
                Self::Credit => found!(connection, client, limit, "src/check/credit.sql"),
                Self::GiftsPaid => found!(connection, client, limit, "src/check/gifts_paid.sql"),
                Self::Unapplied => found!(connection, client, limit, "src/check/unapplied.sql"),
                Self::GrantsPaid => found!(connection, client, limit, "src/check/grants_paid.sql"),
                Self::OpenPayments => {
                    found!(connection, client, limit, "src/check/open_payments.sql")
                }
                Self::NothingForgotten => {
                    found!(connection, client, limit, "src/check/nothing_forgotten.sql")
                }
                Self::Disputes => found!(connection, client, limit, "src/check/disputes.sql"),
                Self::Closings => found!(connection, client, limit, "src/check/closings.sql"),
                Self::NothingStuck => {
                    found!(connection, client, limit, "src/check/nothing_stuck.sql")
                }
            };
            Ok(found?)
        };
        database.run(look).await
    }
}
