//! What the simulated provider is asked, as it goes to a process of its own.

use super::super::Call;
use domain::{
    Charge, ClientId, Currency, PayBack, PaymentId, Provider, RefundId, SetUpMethod, UserId,
};
use serde::{Deserialize, Serialize};

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AskedCharge {
    pub(super) key: String,
    pub(super) client: ClientId,
    pub(super) payment: PaymentId,
    pub(super) amount: u64,
    pub(super) currency: Currency,
    pub(super) token: String,
    pub(super) is_on_session: bool,
}

/// A method that is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AskedMethod {
    pub(super) client: ClientId,
    pub(super) user: UserId,
    pub(super) token: String,
}

/// Money that is paid back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AskedRefund {
    pub(super) key: String,
    pub(super) client: ClientId,
    pub(super) payment: PaymentId,
    pub(super) refund: RefundId,
    pub(super) amount: u64,
    pub(super) currency: Currency,
}

impl AskedCharge {
    pub(super) fn of(Call { client, what }: Call<'_, Charge>) -> Self {
        let Charge { payment, amount, currency, method, is_on_session, .. } = what;
        Self {
            key: Provider::charge_key(client, *payment),
            client,
            payment: *payment,
            amount: *amount,
            currency: *currency,
            token: method.clone(),
            is_on_session: *is_on_session,
        }
    }
}

impl AskedMethod {
    pub(super) fn of(Call { client, what }: Call<'_, SetUpMethod>) -> Self {
        Self { client, user: what.user, token: what.token.clone() }
    }
}

impl AskedRefund {
    pub(super) fn of(Call { client, what }: Call<'_, PayBack>) -> Self {
        let PayBack { refund, payment, amount, currency, .. } = *what;
        let key = Provider::refund_key(client, refund);
        Self { key, client, payment, refund, amount, currency }
    }
}
