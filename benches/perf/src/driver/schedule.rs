//! Arrivals of an open loop: at times that do not depend on any answer.

use super::recording::Window;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Arrivals are handed over this often at most, since each time costs two switches of threads. An
/// arrival waits half of it on average, and that is part of its latency.
const GRAIN: Duration = Duration::from_micros(200);

/// Poisson arrivals of a mean rate.
pub(crate) struct Arrivals {
    rng: StdRng,
    rate: f64,
    next: Instant,
}

impl Arrivals {
    /// `rate` arrivals a second on average, from `begin` on.
    pub(crate) fn new(rate: f64, seed: u64, begin: Instant) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), rate, next: begin }
    }
}

impl Iterator for Arrivals {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        // Above 0 and at most 1: its logarithm exists.
        let uniform: f64 = 1.0 - self.rng.random::<f64>();
        let gap = -uniform.ln() / self.rate.max(1e-3);
        self.next += Duration::from_secs_f64(gap.min(3600.0));
        Some(self.next)
    }
}

/// Hands out the arrivals as they come due, from a thread of its own: a timer of tokio is good to a
/// millisecond only, that of the kernel to a twentieth of it.
pub(crate) fn hand_out(rate: f64, seed: u64, window: Window) -> UnboundedReceiver<Instant> {
    let (due, queue) = unbounded_channel();
    let mut arrivals = Arrivals::new(rate, seed, Instant::now()).peekable();
    std::thread::spawn(move || {
        while let Some(at) = arrivals.next().filter(|at| *at < window.to) {
            let now = Instant::now();
            if at > now {
                std::thread::sleep((at - now).max(GRAIN));
            }
            if due.send(at).is_err() {
                return;
            }
            let now = Instant::now();
            while let Some(at) = arrivals.next_if(|at| *at <= now) {
                if at >= window.to || due.send(at).is_err() {
                    return;
                }
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
        let last = |seed| Arrivals::new(1000.0, seed, begin).nth(9_999).unwrap() - begin;
        assert!((last(1).as_secs_f64() - 10.0).abs() < 0.5, "{:?}", last(1));
        assert_eq!(last(1), last(1));
        assert_ne!(last(1), last(2));
    }
}
