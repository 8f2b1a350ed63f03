//! What the simulated provider does, over the table of its charges.
//!
//! A charge is made when it is first sent, once for its key. What comes of it follows from its
//! token, so that every worker, and a process of its own, say the same.

use super::super::Reply;
use super::token::{Decline, Token, last4};
use super::wire::{AskedCharge, AskedMethod, AskedRefund};
use domain::{ChargeOutcome, ClientId, MethodOutcome, PaymentId, RefundOutcome};
use runtime::coalesce::{CoalesceError, Coalescer};
use std::sync::Arc;
use store::simulated::{self, Durability, NewCharge, NewRefund, SimulatedCharge};
use store::{Database, StoreError};
use tokio::time::sleep;

/// The states of a charge in its table.
const PROCESSING: &str = "processing";
const ACTION_REQUIRED: &str = "action_required";
const SUCCEEDED: &str = "succeeded";
const DECLINED: &str = "declined";
const CANCELLED: &str = "cancelled";

/// The brand of every card.
const BRAND: &str = "simulated";

/// The most charges of one statement.
const TOGETHER_MAX: usize = 64;

/// The provider. Charges that are asked for at once are made by one statement.
#[derive(Clone)]
pub(in crate::provider) struct Engine {
    database: Database,
    charges: Arc<Coalescer<AskedCharge, SimulatedCharge, StoreError>>,
}

/// What a user does who was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    /// He pays.
    Succeed,
    /// He does not.
    Fail,
}

impl Engine {
    pub(super) fn new(database: Database, durability: Durability) -> Self {
        let made_in = database.clone();
        let charges =
            Coalescer::new(TOGETHER_MAX, 1, move |asked| make(made_in.clone(), durability, asked));
        Self { database, charges: Arc::new(charges) }
    }

    /// Makes a charge, unless it was made before, and tells what came of it.
    pub(super) async fn charge(
        &self,
        asked: &AskedCharge,
    ) -> Result<Reply<ChargeOutcome>, CoalesceError<StoreError>> {
        let made = self.charges.wait(asked.clone()).await?;
        if let Some(Token::Slow(slow)) = Token::parse(&made.method) {
            sleep(slow.saturating_sub(made.age)).await;
        }
        let ended = self.ended(&asked.key, made).await;
        let ended = ended.map_err(|error| CoalesceError::Failed(Arc::new(error)))?;
        Ok(said(&asked.key, &ended))
    }

    /// Tells what came of a charge. It counts as an answer.
    pub(super) async fn look_up(
        &self,
        key: &str,
    ) -> Result<Reply<Option<ChargeOutcome>>, StoreError> {
        let Some(found) = simulated::ask(&self.database, key).await? else {
            return Ok(Reply::Said(None));
        };
        let ended = self.ended(key, found).await?;
        Ok(said(key, &ended).map(Some))
    }

    /// Gives up a charge that waits for the user.
    pub(super) async fn stop(&self, key: &str) -> Result<Reply<Option<ChargeOutcome>>, StoreError> {
        if simulated::end(&self.database, key, ACTION_REQUIRED, CANCELLED, None).await? {
            return Ok(Reply::Said(None));
        }
        match simulated::ask(&self.database, key).await? {
            None => Ok(Reply::Said(None)),
            Some(found) if found.status == CANCELLED => Ok(Reply::Said(None)),
            Some(found) => {
                let ended = self.ended(key, found).await?;
                Ok(said(key, &ended).map(Some))
            }
        }
    }

    /// Lets a user do what he was asked for, and returns the charge as it is then: what was done
    /// once stays.
    pub(super) async fn act(
        &self,
        key: &str,
        act: Act,
    ) -> Result<Option<SimulatedCharge>, StoreError> {
        simulated::act(&self.database, key, act == Act::Succeed).await?;
        simulated::find(&self.database, key).await
    }

    /// A charge as it is now.
    pub(super) async fn find(&self, key: &str) -> Result<Option<SimulatedCharge>, StoreError> {
        simulated::find(&self.database, key).await
    }

    /// The payment that a charge was made for.
    pub(super) async fn payment_of(
        &self,
        key: &str,
    ) -> Result<Reply<Option<(ClientId, PaymentId)>>, StoreError> {
        let found = simulated::find(&self.database, key).await?;
        Ok(Reply::Said(found.map(|charge| (charge.client, charge.payment))))
    }

    /// Pays money back of a charge that has succeeded, once for its key.
    pub(super) async fn refund(
        &self,
        asked: &AskedRefund,
    ) -> Result<Reply<RefundOutcome>, StoreError> {
        let new = NewRefund {
            key: &asked.key,
            client: asked.client,
            payment: asked.payment,
            refund: asked.refund,
            amount: asked.amount,
            currency: asked.currency,
        };
        Ok(Reply::Said(refunded(&simulated::refund(&self.database, &new).await?)))
    }

    /// Tells what came of a refund.
    pub(super) async fn look_up_refund(
        &self,
        key: &str,
    ) -> Result<Reply<Option<RefundOutcome>>, StoreError> {
        let found = simulated::find_refund(&self.database, key).await?;
        Ok(Reply::Said(found.map(|status| refunded(&status))))
    }

    /// The charge, at its end if its time has come.
    async fn ended(
        &self,
        key: &str,
        mut charge: SimulatedCharge,
    ) -> Result<SimulatedCharge, StoreError> {
        if charge.status != PROCESSING {
            return Ok(charge);
        }
        let is_over = match Token::parse(&charge.method) {
            Some(Token::Slow(slow)) => {
                simulated::find(&self.database, key).await?.is_none_or(|found| slow <= found.age)
            }
            _ => true,
        };
        if is_over {
            simulated::end(&self.database, key, PROCESSING, SUCCEEDED, None).await?;
            SUCCEEDED.clone_into(&mut charge.status);
        }
        Ok(charge)
    }
}

/// Makes charges, unless they were made before.
async fn make(
    database: Database,
    durability: Durability,
    asked: Vec<AskedCharge>,
) -> Result<Vec<SimulatedCharge>, StoreError> {
    let new: Vec<NewCharge<'_>> = asked.iter().map(new_charge).collect();
    simulated::charge(&database, &new, durability).await
}

/// A charge as it is if it is new.
fn new_charge(asked: &AskedCharge) -> NewCharge<'_> {
    let (status, decline) = begin(Token::parse(&asked.token), asked.is_on_session);
    NewCharge {
        key: &asked.key,
        client: asked.client,
        payment: asked.payment,
        amount: asked.amount,
        currency: asked.currency,
        method: &asked.token,
        status,
        decline_code: decline.map(Decline::code),
    }
}

/// How a charge begins.
const fn begin(token: Option<Token>, is_on_session: bool) -> (&'static str, Option<Decline>) {
    match token {
        Some(Token::Good | Token::Failing(_)) => (SUCCEEDED, None),
        Some(Token::Slow(_)) => (PROCESSING, None),
        Some(Token::Declined(decline)) => (DECLINED, Some(decline)),
        Some(Token::Action) if is_on_session => (ACTION_REQUIRED, None),
        Some(Token::Action) => (DECLINED, Some(Decline::AuthenticationRequired)),
        Some(Token::Unattachable) | None => (DECLINED, Some(Decline::InvalidToken)),
    }
}

/// What is said of a charge. The first answers of some are errors.
fn said(key: &str, charge: &SimulatedCharge) -> Reply<ChargeOutcome> {
    if let Some(Token::Failing(errors)) = Token::parse(&charge.method)
        && charge.sends <= errors
    {
        return Reply::Unknown("it answered 500".to_owned());
    }
    let decline = |code: &str| ChargeOutcome::Declined { decline: Decline::of_code(code) };
    match charge.status.as_str() {
        SUCCEEDED => Reply::Said(ChargeOutcome::Succeeded),
        DECLINED => Reply::Said(decline(charge.decline_code.as_deref().unwrap_or_default())),
        CANCELLED => Reply::Said(decline("canceled")),
        ACTION_REQUIRED => Reply::Said(ChargeOutcome::ActionRequired {
            action_url: format!("/simulated-provider/actions/{key}"),
        }),
        _ => Reply::Unknown("it is processing the charge".to_owned()),
    }
}

fn refunded(status: &str) -> RefundOutcome {
    if status == SUCCEEDED { RefundOutcome::Succeeded } else { RefundOutcome::Failed }
}

/// Sets a method up. Nothing is kept of it: the token is its name.
pub(super) fn method(asked: &AskedMethod) -> MethodOutcome {
    match Token::parse(&asked.token) {
        None => MethodOutcome::Declined { decline: Decline::InvalidToken.told() },
        Some(Token::Unattachable) => MethodOutcome::Declined { decline: Decline::Generic.told() },
        Some(_) => MethodOutcome::Attached {
            reference: asked.token.clone(),
            customer: format!("sim_customer_{}_{}", asked.client, asked.user),
            brand: BRAND.to_owned(),
            last4: last4(&asked.token),
        },
    }
}
