//! The settings of providers of payments.

use runtime::checks::Checks;
use runtime::settings::{Secret, SecretUrl};
use std::net::IpAddr;
use std::time::Duration;

/// How providers of payments are reached.
#[derive(Debug, Clone, clap::Args)]
pub struct ProviderSettings {
    /// How long a provider of payments is waited for, before what it does counts as unknown
    #[arg(long, env = "PAYMENT_TIMEOUT_SECONDS", default_value_t = 20, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=80))]
    pub payment_timeout_seconds: u64,

    /// The key of Stripe's API; needed with PAYMENTS=stripe
    #[arg(long, env = "STRIPE_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub stripe_api_key: Option<Secret>,

    /// Where Stripe's API is
    #[arg(
        long,
        env = "STRIPE_API_BASE",
        default_value = "https://api.stripe.com",
        value_name = "URL"
    )]
    pub stripe_api_base: String,

    /// Where Stripe sends users who had to do something for a payment; "off" for nowhere
    #[arg(
        long,
        env = "STRIPE_RETURN_URL",
        default_value = "http://127.0.0.1:8080/",
        value_name = "URL"
    )]
    pub stripe_return_url: String,

    /// Where `worker simulated-provider` is; without it, each worker simulates by itself
    #[arg(long, env = "SIMULATED_URL", hide_env_values = true, value_name = "URL")]
    pub simulated_url: Option<SecretUrl>,
}

impl ProviderSettings {
    /// How long a provider is waited for.
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.payment_timeout_seconds)
    }

    /// Looks at what Stripe needs.
    pub(crate) fn check_stripe(&self, checks: &mut Checks) {
        if self.stripe_api_key.is_none() {
            let cure = "set STRIPE_API_KEY, or PAYMENTS to what is used";
            checks.wrong("PAYMENTS is stripe, and there is no key of its API", cure);
        }
        if self.return_url().is_some_and(is_on_loopback) {
            let what = "STRIPE_RETURN_URL is on this host: users who confirm a payment end nowhere";
            checks.doubtful(what, "set it to a page of the shop, or to off");
        }
    }

    /// Where users go who had to do something.
    pub(crate) fn return_url(&self) -> Option<&str> {
        let url = self.stripe_return_url.as_str();
        (!url.is_empty() && url != "off").then_some(url)
    }
}

/// Whether a URL leads to the host of whoever follows it.
fn is_on_loopback(url: &str) -> bool {
    let url = reqwest::Url::parse(url);
    url.is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = |address: IpAddr| address.is_loopback();
        host == "localhost" || host.parse().is_ok_and(is_loopback)
    })
}

#[cfg(test)]
mod tests {
    use crate::tests::leaps::sample::provider_settings;
    use runtime::checks::Checks;

    #[test]
    fn what_stripe_lacks_is_said_at_the_start() {
        let checked = |key: Option<&str>, return_url: &str| {
            let mut settings = provider_settings();
            settings.stripe_api_key = key.map(Into::into);
            return_url.clone_into(&mut settings.stripe_return_url);
            let mut checks = Checks::default();
            settings.check_stripe(&mut checks);
            checks
        };
        assert_eq!(checked(Some("sk_1"), "https://shop.example/done"), Checks::default());
        assert_eq!(checked(Some("sk_1"), "off"), Checks::default());
        let checks = checked(None, "off");
        assert!(checks.refuse() && checks.to_string().contains("STRIPE_API_KEY"), "{checks}");
        for url in ["http://127.0.0.1:8080/", "http://[::1]/", "http://localhost:3000/done"] {
            let checks = checked(Some("sk_1"), url);
            assert!(!checks.refuse(), "{checks}");
            assert!(checks.to_string().contains("STRIPE_RETURN_URL"), "{checks}");
        }
    }
}
