//! Lists, pages, and what a read says of things past their end.

use crate::kept::ensure_kept;
use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, ensure_fields, fresh_key, integer_of};
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_without_subscriptions_has_an_empty_list() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let list = client.get(&format!("/subscriptions/{user}")).await?.json(200)?;
    assert_eq!(list, json!({"user_id": user, "subscriptions": [], "has_more": false}));

    let path = format!("/subscriptions/{}", user + 1);
    client.get(&path).await?.problem(404, "user_not_found")?;
    stack.done().await
}

#[tokio::test]
async fn subscriptions_are_listed_newest_first_in_pages() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let other = client.create_user("bob@example.com").await?;
    let mut made = Vec::new();
    for _ in 0..5 {
        let id = client.subscribe(user, 1).await?["id"].clone();
        let body = json!({"subscription_id": id});
        client.post("/cancel", &fresh_key(), &body).await?.json(200)?;
        made.push(id);
    }
    let foreign = client.subscribe(other, 1).await?["id"].clone();
    made.reverse();

    let page = async |query: &str| {
        let list = client.get(&format!("/subscriptions/{user}{query}")).await?.json(200)?;
        ensure_fields(&list, &["user_id", "subscriptions", "has_more"])?;
        assert_eq!(list["user_id"], json!(user));
        let items = list["subscriptions"].as_array().cloned().unwrap_or_default();
        let ids: Vec<Value> = items.iter().map(|item| item["id"].clone()).collect();
        anyhow::Ok((ids, list["has_more"] == true))
    };

    assert_eq!(page("").await?, (made.clone(), false));
    assert_eq!(page("?limit=5").await?, (made.clone(), false));
    assert_eq!(page("?limit=2").await?, (made[..2].to_vec(), true));
    let next = format!("?limit=2&starting_after={}", made[1]);
    assert_eq!(page(&next).await?, (made[2..4].to_vec(), true));
    let last = format!("?starting_after={}&limit=2", made[3]);
    assert_eq!(page(&last).await?, (made[4..].to_vec(), false));
    let beyond = format!("?starting_after={}", made[4]);
    assert_eq!(page(&beyond).await?, (Vec::new(), false));
    assert!(!page("").await?.0.contains(&foreign));
    stack.done().await
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() -> Result<()> {
    let stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=+5", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=05", "limit"),
        ("limit=5%20", "limit"),
        ("starting_after=x", "starting_after"),
        ("starting_after=99999999999999999999", "starting_after"),
        ("starting_after=01", "starting_after"),
        ("starting_after=%2B1", "starting_after"),
    ] {
        let answer = client.get(&format!("/subscriptions/{user}?{query}")).await?;
        assert_eq!(answer.invalid_fields()?, [field], "{query}");
    }
    // An id is only a place: nobody has to have it.
    client.subscribe(user, 1).await?;
    for (place, count) in [("0", 0), ("-1", 0), ("9223372036854775807", 1)] {
        let path = format!("/subscriptions/{user}?starting_after={place}");
        let page = client.get(&path).await?.json(200)?;
        assert_eq!(page["subscriptions"].as_array().map(Vec::len), Some(count), "{place}");
    }
    for limit in [1, 100] {
        client.get(&format!("/subscriptions/{user}?limit={limit}")).await?.json(200)?;
    }
    stack.done().await
}

#[tokio::test]
async fn a_subscription_past_its_end_reads_as_expired_at_once() -> Result<()> {
    // No worker runs once the subscription is there, so no sweep can have marked it.
    let mut stack = Stack::builder().worker("SWEEP_INTERVAL_SECONDS", 3_600).start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let bought = client.subscribe(user, 1).await?;
    stack.worker(0)?.stop().await?;
    stack.end_subscription(integer_of(&bought, "id")?).await?;

    let list = client.get(&format!("/subscriptions/{user}")).await?;
    ensure_kept("subscription_past_its_end", &[&list]);
    let query = "SELECT count(*) FROM subscriptions WHERE status = 'active'";
    assert_eq!(stack.count(query).await?, 1);
    stack.done().await
}

#[tokio::test]
async fn an_id_that_is_none_is_a_problem_of_the_client() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for id in ["abc", "1.5", "99999999999999999999", "%00", "1%27", "0x10"] {
        for path in ["users", "gifts", "subscriptions"] {
            let answer = client.get(&format!("/{path}/{id}")).await?;
            // The contract leaves the choice: not a valid request, or nothing of that id.
            assert!([400, 404].contains(&answer.status), "{answer}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        }
    }
    stack.done().await
}
