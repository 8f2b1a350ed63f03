//! Many requests at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use tokio::task::JoinSet;

/// Calls `work(0..total)`, at most `width` at a time, and gives the results in that order; the
/// first failure ends it.
pub async fn concurrently<T, F, Work>(total: usize, width: usize, work: Work) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send,
    Work: Fn(usize) -> F + Clone + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..width.min(total) {
        let (next, work) = (next.clone(), work.clone());
        lanes.spawn(async move {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= total {
                    return anyhow::Ok(done);
                }
                done.push((index, work(index).await?));
            }
        });
    }
    let mut all = Vec::with_capacity(total);
    while let Some(lane) = lanes.join_next().await {
        all.extend(lane??);
    }
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn gives_every_result_in_order() {
        let results = concurrently(100, 7, async |index| {
            tokio::task::yield_now().await;
            Ok(index)
        });
        assert_eq!(results.await.unwrap(), (0..100).collect::<Vec<_>>());
    }
}
