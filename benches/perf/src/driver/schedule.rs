//! Arrivals of an open loop: at times that do not depend on any answer.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Arrivals are handed over this often at most, since each time costs two switches of threads. An
/// arrival waits half of it on average, and that is part of its latency.
const GRAIN: Duration = Duration::from_micros(200);

/// Poisson arrivals, `rate` a second on average, from `begin` on.
fn arrivals(rate: f64, seed: u64, begin: Instant) -> impl Iterator<Item = Instant> {
    let mut rng = StdRng::seed_from_u64(seed);
    std::iter::successors(Some(begin), move |last| {
        // Above 0 and at most 1: its logarithm exists.
        let uniform: f64 = 1.0 - rng.random::<f64>();
        let gap = -uniform.ln() / rate.max(1e-3);
        Some(*last + Duration::from_secs_f64(gap.min(3600.0)))
    })
}

/// Hands out the arrivals as they come due, from a thread of its own: a timer of tokio is good to a
/// millisecond only, that of the kernel to a twentieth of it. Ends with whoever receives them.
pub(super) fn hand_out(rate: f64, seed: u64) -> UnboundedReceiver<Instant> {
    let (due, queue) = unbounded_channel();
    let mut arrivals = arrivals(rate, seed, Instant::now()).peekable();
    std::thread::spawn(move || {
        while let Some(at) = arrivals.next() {
            let wait = at.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                std::thread::sleep(wait.max(GRAIN));
            }
            let now = Instant::now();
            let more = std::iter::from_fn(|| arrivals.next_if(|at| *at <= now));
            if std::iter::once(at).chain(more).any(|at| due.send(at).is_err()) {
                return;
            }
        }
    });
    queue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_their_rate_and_repeat_with_their_seed() {
        let begin = Instant::now();
        let last = |seed| arrivals(1000.0, seed, begin).nth(10_000).unwrap() - begin;
        assert!((last(1).as_secs_f64() - 10.0).abs() < 0.5, "{:?}", last(1));
        assert_eq!(last(1), last(1));
        assert_ne!(last(1), last(2));
    }
}
