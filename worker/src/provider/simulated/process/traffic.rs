//! The charges that are under way at once, as the provider sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count, shared by its clones.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicUsize,
    most: AtomicUsize,
}

/// A charge that was asked for, until it is answered.
pub(super) struct UnderWay(Traffic);

impl Traffic {
    /// A charge more.
    pub(super) fn enter(&self) -> UnderWay {
        let under_way = self.0.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most.fetch_max(under_way, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    /// The most charges that were under way at once since the start.
    pub(super) fn most(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
