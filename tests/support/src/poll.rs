//! Waits for a condition, with a deadline. All tests wait in this way.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// The pause between two probes.
const PAUSE: Duration = Duration::from_millis(20);

/// Polls `probe` until it returns a value. An error of the probe counts as "not yet", and the last
/// one is returned after the deadline.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        let last = match probe().await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() >= deadline {
            let message = format!("not within {within:?}: {what}");
            return Err(match last {
                Some(error) => error.context(message),
                None => anyhow!(message),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Polls `probe` until it returns true.
pub async fn eventually_true(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    eventually(what, within, async || Ok(probe().await?.then_some(()))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_for_the_condition_and_tells_the_last_error_at_the_deadline() {
        let mut looks = 0;
        let seen = eventually("third look", Duration::from_secs(5), async || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        })
        .await
        .unwrap();
        assert_eq!(seen, 3);

        let error = eventually_true("never", Duration::ZERO, async || Err(anyhow!("cause")))
            .await
            .unwrap_err();
        assert!(format!("{error:#}").contains("never: cause"), "{error:#}");
    }
}
