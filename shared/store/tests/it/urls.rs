//! `DATABASE_URL` is read as libpq reads it, or refused with what to write.

use crate::sample::{begin, end};
use domain::Needs;
use store::{Database, StoreError};

/// The refusal of a URL.
fn refusal(url: &str) -> String {
    match Database::new(url, 1) {
        Err(StoreError::Setup(text)) => text,
        Err(error) => panic!("{url}: {error:?}"),
        Ok(_) => panic!("{url} is accepted"),
    }
}

#[tokio::test]
async fn what_users_of_libpq_write_leads_to_the_database() {
    let database = support::Database::create().await;
    let (needs, url) = (Needs::default(), database.url());
    let (batch, ..) = begin(&database, &needs).await;
    end(batch).await;
    let (front, query) = url.split_once('?').unwrap_or((&url, ""));
    let rest = front.strip_prefix("postgres://").unwrap();
    let (authority, name) = rest.split_once('/').unwrap();
    let (user, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = address.split_once(':').unwrap();
    let ignored = "connect_timeout=3&target_session_attrs=read-write&keepalives=1";
    for url in [
        format!("postgresql://{rest}"),
        format!("postgres://{authority}/{name}?{ignored}&{query}"),
        format!("postgres://{user}@/{name}?host={host}&port={port}&{query}"),
        format!("postgres:///{name}?host={host}&port={port}&{}&{query}", {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            format!("user={user}&password={password}")
        }),
    ] {
        Database::new(&url, 1)
            .unwrap()
            .takes_writes()
            .await
            .unwrap_or_else(|e| panic!("{url}: {e:?}"));
    }
    // Whether or not this machine speaks IPv6, the address is one.
    let url = format!("postgres://{user}@[::1]:1/{name}?{query}");
    let error = Database::new(&url, 1).unwrap().takes_writes().await.unwrap_err();
    assert!(!format!("{error:?}").contains("lookup"), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_with_what_to_write() {
    for (url, expected) in [
        ("postgres://u:hunter2@a:1,b:2/d?target_session_attrs=read-write", "several hosts"),
        ("postgres://u:hunter2@a,b/d", "several hosts"),
        ("postgres://u@/d?host=a,b&port=1,2", "several hosts"),
        ("postgres://u@h/d?target_session_attrs=standby", "leave target_session_attrs out"),
        ("postgres://u@h/d?service=shop", "the parameter service"),
        ("postgres://u@h/d?channel_binding=require", "the parameter channel_binding"),
        ("host=localhost user=u password=hunter2", "must be a URL such as postgres://"),
        ("mysql://u:hunter2@h/d", "must be a URL such as postgres://"),
        ("postgres://u:hunter2@h:port/d", "port"),
        ("postgres://u@h/d?sslmode=sometimes", "sslmode"),
        ("", "must be a URL such as postgres://"),
    ] {
        let refusal = refusal(url);
        assert!(refusal.starts_with("DATABASE_URL "), "{refusal}");
        assert!(refusal.contains(expected) || refusal.contains("ssl_mode"), "{url}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}
