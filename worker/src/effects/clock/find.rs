//! Finds what is due of a test client at an instant.

use crate::fault::Fault;
use crate::schedule::job::DueJob;
use domain::{
    ClientId, Gift, GiftId, Instant, InternalCommand, Subscription, SubscriptionId, Turn,
};
use store::due::{self, Due};
use store::{Database, StoreError};

/// The rows that are found at once.
const PAGE: u32 = 1024;

/// All that comes first of what is due at that instant: the commands whose turn it is, by table and
/// id. What comes after them is found again when they are done, because they may make more due.
pub(super) async fn first(
    database: &Database,
    client: ClientId,
    instant: Instant,
) -> Result<Vec<DueJob>, Fault> {
    let mut found = Found { client, jobs: Vec::new() };
    let mut after = None;
    loop {
        let page = due::subscriptions_at(database, (client, instant), after, PAGE).await?;
        after = page.last().map(|last| SubscriptionId::new(last.cursor.id));
        let is_last = page.len() < PAGE as usize;
        found.add(page, Subscription::due)?;
        if is_last {
            break;
        }
    }
    let mut after = None;
    loop {
        let page = due::gifts_at(database, (client, instant), after, PAGE).await?;
        after = page.last().map(|last| GiftId::new(last.cursor.id));
        let is_last = page.len() < PAGE as usize;
        found.add(page, Gift::due)?;
        if is_last {
            break;
        }
    }
    Ok(found.jobs)
}

/// Commands of one turn, the first that was found.
struct Found {
    client: ClientId,
    jobs: Vec<DueJob>,
}

impl Found {
    /// Adds the commands of rows that are due. A row that cannot be read, or is not due by the
    /// rules, must not be passed by: the advance fails until somebody mends it.
    fn add<Row>(
        &mut self,
        page: Vec<Due<Row>>,
        due: impl Fn(&Row) -> Option<InternalCommand>,
    ) -> Result<(), StoreError> {
        for Due { cursor, row } in page {
            let Some(command) = due(&row?) else { continue };
            let job = DueJob::new(cursor.id, cursor.due_at, self.client, command);
            match self.turn().map(|turn| job.command.turn().cmp(&turn)) {
                Some(std::cmp::Ordering::Greater) => {}
                Some(std::cmp::Ordering::Equal) => self.jobs.push(job),
                Some(std::cmp::Ordering::Less) | None => self.jobs = vec![job],
            }
        }
        Ok(())
    }

    fn turn(&self) -> Option<Turn> {
        self.jobs.first().map(|job| job.command.turn())
    }
}
