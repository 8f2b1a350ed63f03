//! Counts panics. The api answers a panic and the worker tries again, so a test would not see it.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

static WATCH: Once = Once::new();

thread_local! {
    static SEEN: Cell<usize> = const { Cell::new(0) };
}

/// How many panics there were on this thread since the first call. The runtime of a test has one
/// thread, so it is the number of panics of that test.
pub(super) fn seen() -> usize {
    WATCH.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            SEEN.set(SEEN.get() + 1);
            report(panicked);
        }));
    });
    SEEN.get()
}
