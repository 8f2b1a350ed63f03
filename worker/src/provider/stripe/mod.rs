//! Stripe: payment intents over its HTTP API, whose version is pinned.

mod api;
mod find;
mod read;
#[cfg(test)]
mod tests;

use super::settings::ProviderSettings;
use super::{Call, Gateway, Reply, made_after, webhook};
use api::{Api, Failed, Form, Refused};
use domain::{
    Charge, ChargeOutcome, ClientId, DetachedMethod, MethodOutcome, PayBack, PaymentId, Provider,
    RefundOutcome, SetUpMethod, StopCharge,
};
use read::{Customer, PaymentMethod, SetupIntent};
pub(super) use read::{Intent, Refund};

/// The API of Stripe, with a key of ours.
pub(super) struct Stripe {
    api: Api,
    return_url: Option<String>,
}

impl Stripe {
    /// The API of those settings; `None` if they have no key.
    pub(super) fn new(settings: &ProviderSettings) -> anyhow::Result<Option<Self>> {
        let Some(key) = &settings.stripe_api_key else { return Ok(None) };
        let api = Api::new(&settings.stripe_api_base, key.clone(), settings.timeout())?;
        Ok(Some(Self { api, return_url: settings.return_url().map(str::to_owned) }))
    }

    async fn make_charge(&self, call: Call<'_, Charge>) -> Result<ChargeOutcome, Failed> {
        let Charge { payment, amount, currency, method, customer, is_on_session, .. } = call.what;
        let mut form = Form::default();
        form.add("amount", amount);
        form.add("currency", currency.as_str().to_ascii_lowercase());
        form.add("payment_method", method);
        if let Some(customer) = customer {
            form.add("customer", customer);
        }
        form.add("payment_method_types[]", "card");
        form.add("confirm", "true");
        if !is_on_session {
            form.add("off_session", "true");
        } else if let Some(url) = &self.return_url {
            form.add("return_url", url);
        }
        form.metadata(&call.metadata("payment_id", payment.get()));
        let key = Provider::charge_key(call.client, *payment);
        let intent = self.api.post::<Intent>("payment_intents", &key, form).await?;
        intent.of(*amount, *currency)?.outcome(*is_on_session)
    }

    /// The payment of ours that an intent was made for.
    pub(super) async fn payment_of(&self, intent: &str) -> Reply<Option<(ClientId, PaymentId)>> {
        let found = self.api.get::<Intent>(&format!("payment_intents/{intent}"), &[]).await;
        let found = found.map(|intent| webhook::payment_of(&intent.metadata));
        reply(found, |_| Reply::Said(None))
    }

    async fn find_charge(&self, call: Call<'_, Charge>) -> Result<Option<ChargeOutcome>, Failed> {
        let Charge { payment, amount, currency, customer, is_on_session, .. } = call.what;
        let Some(customer) = customer else { return Ok(None) };
        let metadata = call.metadata("payment_id", payment.get());
        let since = made_after(call.what);
        let found = find::intent(&self.api, customer, &metadata, since).await?;
        let outcome = |intent: Intent| intent.of(*amount, *currency)?.outcome(*is_on_session);
        found.map(outcome).transpose()
    }

    async fn customer(&self, call: Call<'_, SetUpMethod>, key: &str) -> Result<String, Failed> {
        if let Some(customer) = &call.what.customer {
            return Ok(customer.clone());
        }
        let mut form = Form::default();
        form.metadata(&call.metadata("user_id", call.what.user.get()));
        let key = format!("{key}/customer");
        Ok(self.api.post::<Customer>("customers", &key, form).await?.id)
    }

    /// The setup intent makes sure that the method can be charged while the user is away.
    async fn attach(&self, call: Call<'_, SetUpMethod>) -> Result<MethodOutcome, Failed> {
        let key = format!("method/{}/{}", call.client, call.what.method);
        let customer = self.customer(call, &key).await?;
        let mut form = Form::default();
        form.add("customer", &customer);
        form.add("usage", "off_session");
        form.add("payment_method_types[]", "card");
        form.metadata(&call.metadata("user_id", call.what.user.get()));
        let intent = self.api.post::<SetupIntent>("setup_intents", &key, form).await?;

        let mut form = Form::default();
        form.add("payment_method", &call.what.token);
        let confirm = format!("setup_intents/{}/confirm", intent.id);
        let key_of_confirm = format!("{key}/confirm");
        let confirmed = self.api.post::<SetupIntent>(&confirm, &key_of_confirm, form).await?;
        if let Some(decline) = confirmed.declined() {
            return Ok(MethodOutcome::Declined { decline });
        }

        // It is attached by now. To do so again tells what the card shows.
        let method = confirmed.payment_method.as_ref().unwrap_or(&call.what.token);
        let mut form = Form::default();
        form.add("customer", &customer);
        let attach = format!("payment_methods/{method}/attach");
        let key_of_attach = format!("{key}/attach");
        let attached = self.api.post::<PaymentMethod>(&attach, &key_of_attach, form).await?;
        let (brand, last4) = attached.shown();
        Ok(MethodOutcome::Attached { reference: attached.id, customer, brand, last4 })
    }

    async fn detach(&self, call: Call<'_, DetachedMethod>) -> Result<(), Failed> {
        let DetachedMethod { method, reference, .. } = call.what;
        let path = format!("payment_methods/{reference}/detach");
        let key = format!("method/{}/{method}/detach", call.client);
        self.api.post::<PaymentMethod>(&path, &key, Form::default()).await.map(|_| ())
    }

    async fn pay_back(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> Result<RefundOutcome, Failed> {
        let metadata = call.metadata("payment_id", call.what.payment.get());
        let found = find::intent_of(&self.api, customers, &metadata).await?;
        // It was charged: the list is not whole.
        let Some(intent) = found else {
            return Err(Failed::Unknown("the payment intent is not listed".to_owned()));
        };
        let mut form = Form::default();
        form.add("payment_intent", &intent.id);
        form.add("amount", call.what.amount);
        form.metadata(&call.metadata("refund_id", call.what.refund.get()));
        form.metadata(&[("payment_id", call.what.payment.to_string())]);
        let key = Provider::refund_key(call.client, call.what.refund);
        let refund = self.api.post::<Refund>("refunds", &key, form).await?;
        refund.of(call.what.amount, call.what.currency)?.outcome()
    }

    async fn find_refund(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> Result<Option<RefundOutcome>, Failed> {
        let metadata = call.metadata("payment_id", call.what.payment.get());
        let found = find::intent_of(&self.api, customers, &metadata).await?;
        let Some(intent) = found else { return Ok(None) };
        let metadata = call.metadata("refund_id", call.what.refund.get());
        let refund = find::refund(&self.api, &intent.id, &metadata).await?;
        let PayBack { amount, currency, .. } = *call.what;
        refund.map(|refund| refund.of(amount, currency)?.outcome()).transpose()
    }

    /// An intent that cannot be cancelled has come to an end.
    async fn cancel(
        &self,
        call: Call<'_, StopCharge>,
        customers: &[String],
    ) -> Result<Option<ChargeOutcome>, Failed> {
        let metadata = call.metadata("payment_id", call.what.payment.get());
        let found = find::intent_of(&self.api, customers, &metadata).await?;
        let Some(intent) = found else { return Ok(None) };
        let path = format!("payment_intents/{}/cancel", intent.id);
        let key = format!("{}/cancel", Provider::charge_key(call.client, call.what.payment));
        match self.api.post::<Intent>(&path, &key, Form::default()).await {
            Ok(_) => Ok(None),
            Err(Failed::Refused(refused)) => {
                let path = format!("payment_intents/{}", intent.id);
                match self.api.get::<Intent>(&path, &[]).await?.outcome(true)? {
                    ended @ (ChargeOutcome::Succeeded | ChargeOutcome::Declined { .. }) => {
                        Ok(Some(ended))
                    }
                    _ => Err(Failed::Unknown(refused.to_string())),
                }
            }
            Err(failed) => Err(failed),
        }
    }
}

/// What is known after a call. What a refusal means depends on the call.
fn reply<T>(result: Result<T, Failed>, refused: impl FnOnce(&Refused) -> Reply<T>) -> Reply<T> {
    match result {
        Ok(said) => Reply::Said(said),
        Err(Failed::Refused(error)) => refused(&error),
        Err(Failed::Unknown(cause)) => Reply::Unknown(cause),
        Err(Failed::Unsent(cause)) => Reply::Unsent(cause),
    }
}

/// Who only looks is refused nothing, unless we ask for nonsense.
fn nonsense<T>(refused: &Refused) -> Reply<T> {
    Reply::Unknown(refused.to_string())
}

impl Gateway for Stripe {
    async fn charge(&self, call: Call<'_, Charge>) -> Reply<ChargeOutcome> {
        let declined =
            |error: &Refused| Reply::Said(ChargeOutcome::Declined { decline: error.decline() });
        reply(self.make_charge(call).await, declined)
    }

    async fn look_up(&self, call: Call<'_, Charge>) -> Reply<Option<ChargeOutcome>> {
        reply(self.find_charge(call).await, nonsense)
    }

    async fn set_up_method(&self, call: Call<'_, SetUpMethod>) -> Reply<MethodOutcome> {
        let declined =
            |error: &Refused| Reply::Said(MethodOutcome::Declined { decline: error.decline() });
        reply(self.attach(call).await, declined)
    }

    async fn detach_method(&self, call: Call<'_, DetachedMethod>) -> Reply<()> {
        // It refuses what is not attached, which is as good.
        reply(self.detach(call).await, |_: &Refused| Reply::Said(()))
    }

    async fn refund(&self, call: Call<'_, PayBack>, customers: &[String]) -> Reply<RefundOutcome> {
        let failed = |_: &Refused| Reply::Said(RefundOutcome::Failed);
        reply(self.pay_back(call, customers).await, failed)
    }

    async fn look_up_refund(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> Reply<Option<RefundOutcome>> {
        reply(self.find_refund(call, customers).await, nonsense)
    }

    async fn stop(
        &self,
        call: Call<'_, StopCharge>,
        customers: &[String],
    ) -> Reply<Option<ChargeOutcome>> {
        reply(self.cancel(call, customers).await, nonsense)
    }
}
