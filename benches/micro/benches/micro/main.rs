//! `make bench-micro`: what single steps cost, each by itself: the core ([`decisions`]), what every
//! command passes on its way ([`encodings`]), what Redis is asked to do ([`scripts`]). The product
//! as a whole is measured by `make bench`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be prepared has nothing to say")]

mod decisions;
mod encodings;
mod product;
mod scripts;

use criterion::Criterion;
use mimalloc::MiMalloc;

/// The allocator of api and worker.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let mut criterion = Criterion::default().without_plots().configure_from_args();
    decisions::measure(&mut criterion);
    encodings::measure(&mut criterion);
    scripts::measure(&mut criterion);
    criterion.final_summary();
}
