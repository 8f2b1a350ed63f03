//! The effect `detach_method`: has a provider forget a payment method that was taken away. It may
//! be sent as often as needed: what is not attached any more stays so. Nobody waits for it.

use super::backoff;
use super::ground::{Ground, Task};
use super::performed::Performed;
use super::settlement::Settled;
use crate::fault::Fault;
use crate::provider::{Call, Reply};
use domain::DetachedMethod;

/// Has it forgotten, unless the user has handed the same one over again.
pub(crate) async fn perform(
    ground: &Ground,
    Task { effect, claim, attempts, .. }: Task<'_>,
    method: &DetachedMethod,
) -> Result<Performed, Fault> {
    if !ground.has_method(effect.client, method).await? {
        let call = Call { client: effect.client, what: method };
        let reply = ground.unless_stopped(ground.providers.detach_method(call)).await?;
        if let Reply::Unknown(cause) | Reply::Unsent(cause) = reply {
            let method = method.method;
            tracing::warn!(%method, cause, "a payment method is still kept by its provider");
            return Ok(Performed::later(backoff::pause(attempts)));
        }
    }
    ground.forget(claim).await?;
    Ok(Performed::done(Settled::default()))
}
