//! The requests of a process that wait for jobs: how many there may be, and who waits for what.

use crate::announcement::Outcome;
use domain::JobId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use tokio::sync::oneshot;

/// One client may take this part of all places, so that it cannot take those of all others.
const SHARE_OF_A_CLIENT: usize = 4;

/// The way in which a request gets the outcome that it waits for.
type Sender = oneshot::Sender<Arc<Outcome>>;

/// The requests that wait.
pub(crate) struct Waiting {
    jobs: HashMap<JobId, Vec<Sender>>,
    /// The number of requests of each client that has one.
    clients: HashMap<Arc<str>, usize>,
    requests: usize,
    requests_max: usize,
    of_a_client_max: usize,
}

impl Waiting {
    /// At most `requests_max` requests.
    pub(crate) fn at_most(requests_max: usize) -> Self {
        Self {
            jobs: HashMap::new(),
            clients: HashMap::new(),
            requests: 0,
            requests_max,
            of_a_client_max: requests_max.div_ceil(SHARE_OF_A_CLIENT),
        }
    }

    /// Adds a request, and returns the name to [`Waiting::leave`] by; `None` when there are too
    /// many requests, of all clients or of this one.
    pub(crate) fn enter(&mut self, job: JobId, client: &str, sender: Sender) -> Option<Arc<str>> {
        let of_client = self.clients.get_key_value(client);
        let (name, count) = of_client.map_or_else(|| (client.into(), 0), |(n, c)| (n.clone(), *c));
        if self.requests >= self.requests_max || count >= self.of_a_client_max {
            return None;
        }
        self.requests += 1;
        self.clients.insert(name.clone(), count + 1);
        self.jobs.entry(job).or_default().push(sender);
        Some(name)
    }

    /// The requests that waited for `job`, which still have to leave.
    pub(crate) fn announced(&mut self, job: JobId) -> Vec<Sender> {
        self.jobs.remove(&job).unwrap_or_default()
    }

    /// Removes a request of `client` that has closed its end.
    pub(crate) fn leave(&mut self, job: JobId, client: &Arc<str>) {
        self.requests = self.requests.saturating_sub(1);
        if let Entry::Occupied(mut count) = self.clients.entry(client.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        if let Entry::Occupied(mut senders) = self.jobs.entry(job) {
            senders.get_mut().retain(|sender| !sender.is_closed());
            if senders.get().is_empty() {
                senders.remove();
            }
        }
    }
}
