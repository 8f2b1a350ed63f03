//! Notes the last use of API keys, aside from the requests that use them.

use std::time::Duration;
use store::Database;
use store::api_keys;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// The most uses that wait to be noted. Further ones are not noted: the next look-up of the key
/// notes it again.
const WAITING_MAX: usize = 1024;

/// The pause after a statement. The uses of this time share the next one.
const PAUSE: Duration = Duration::from_secs(10);

/// The way to the task that notes uses. It ends when this is dropped.
#[derive(Clone)]
pub(crate) struct KeyUses(mpsc::Sender<String>);

impl KeyUses {
    /// Starts the task that notes uses in `database`.
    pub(crate) fn noted_in(database: Database) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            let mut ids = Vec::new();
            while waiting.recv_many(&mut ids, WAITING_MAX).await > 0 {
                // While Postgres is away or read-only the uses are lost. They are for operators to
                // look at, and nothing depends on them.
                if let Err(error) = api_keys::note_uses(&database, &ids).await {
                    tracing::debug!(%error, "the use of API keys was not noted");
                }
                ids.clear();
                sleep(PAUSE).await;
            }
        });
        Self(sender)
    }

    /// Has the use of a key noted. It never waits.
    pub(crate) fn note(&self, id: &str) {
        let _ = self.0.try_send(id.to_owned());
    }
}
