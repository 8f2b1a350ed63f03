//! The list of payments, by what their user is known by.

use crate::till::Till;
use anyhow::Result;
use e2e::integer_of;
use serde_json::json;

#[tokio::test]
async fn payments_are_listed_by_either_id_of_their_user() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    let body = json!({"email": "ada@a.org", "external_id": "c-1"});
    let ada = integer_of(&till.post("/users", &body).await?.json(201)?, "id")?;
    let bea = till.user_with("bea@a.org", "sim_ok").await?;
    let by_external_id = "/payments?external_id=c-1";
    assert_eq!(till.get(by_external_id).await?, json!({"payments": [], "has_more": false}));

    till.add_method(ada, "sim_ok").await?;
    let first = till.subscribe(ada, "silver").await?.json(201)?;
    let renewal = json!({"subscription_id": first["id"]});
    let second = till.post("/renew", &renewal).await?.json(200)?;
    till.subscribe(bea, "silver").await?.json(201)?;
    let (first, second) = (&first["payment"], &second["payment"]);
    for (query, payments, has_more) in [
        ("", json!([second, first]), false),
        ("&limit=1", json!([second]), true),
        (&format!("&starting_after={}", second["id"]), json!([first]), false),
        ("&status=declined", json!([]), false),
    ] {
        let expected = json!({"payments": payments, "has_more": has_more});
        assert_eq!(till.get(&format!("{by_external_id}{query}")).await?, expected, "{query}");
        let by_id = format!("/payments?user_id={ada}{query}");
        assert_eq!(till.get(&by_id).await?, expected, "{query}");
    }
    till.done().await
}

#[tokio::test]
async fn of_nobody_no_payments_are_listed() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    let body = json!({"email": "ada@a.org", "external_id": "c-1"});
    let ada = integer_of(&till.post("/users", &body).await?.json(201)?, "id")?;
    till.stack.create_test_client("rival", "2026-04-01T00:00:00Z").await?;
    let key = till.stack.create_key("rival", "read").await?;
    let rival = till.stack.client()?.with_api_key(&key);
    let of_ada = [format!("user_id={ada}"), "external_id=c-1".to_owned()];
    for query in &of_ada {
        till.client.get(&format!("/payments?{query}")).await?.json(200)?;
        // What belongs to another client does not exist.
        let answer = rival.get(&format!("/payments?{query}")).await?;
        answer.problem(404, "user_not_found")?;
    }
    for query in ["user_id=999999", "external_id=c-2"] {
        let answer = till.client.get(&format!("/payments?{query}")).await?;
        answer.problem(404, "user_not_found")?;
    }
    for (query, field) in [
        ("user_id=x".to_owned(), "user_id"),
        ("external_id=".to_owned(), "external_id"),
        ("external_id=a%20b".to_owned(), "external_id"),
        (of_ada.join("&"), "external_id"),
    ] {
        let answer = till.client.get(&format!("/payments?{query}")).await?;
        assert_eq!(answer.invalid_fields()?, [field], "{query}");
    }
    till.done().await
}
