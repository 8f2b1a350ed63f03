//! Statements are not logged, at any level: that of a batch holds emails.

use crate::sample::{begin, end};
use domain::{ClientId, Email, Needs};
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use support::Database;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps the fields of all events.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<String>>);

impl Visit for Kept {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_batch_leaves_no_email_in_the_log() {
    let database = Database::create().await;
    let kept = Kept::default();
    let _guard = tracing::subscriber::set_default(kept.clone());
    tracing::info!("it is kept");
    let email = Email::parse("someone@private.org").unwrap().key();
    let needs = Needs { emails: [(ClientId::LOCAL, email)].into(), ..Needs::default() };
    end(begin(&database, &needs).await.0).await;
    let kept = kept.0.lock().unwrap();
    assert!(kept.contains("it is kept"), "{kept}");
    assert!(!kept.contains("private.org"), "{kept}");
}
