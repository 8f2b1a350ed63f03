//! A fixed piece of work before each scenario: if its speed varies, the machine does.

use std::hint::black_box;
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_millis(200);
const STEPS: u64 = 10_000;

/// Steps of an arithmetic chain a microsecond, over a fifth of a second.
pub(crate) fn spin() -> f64 {
    let begin = Instant::now();
    let (mut state, mut steps) = (1_u64, 0_u64);
    while begin.elapsed() < FOR {
        for _ in 0..STEPS {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17));
        }
        steps += STEPS;
    }
    crate::number::float(steps) / (begin.elapsed().as_secs_f64() * 1e6)
}
