//! The books, as their client sees them.

#![expect(clippy::indexing_slicing, reason = "a test that finds nothing fails")]

use crate::till::Till;
use anyhow::{Context, Result};
use e2e::integer_of;
use serde_json::{Value, json};
use std::time::Duration;
use support::eventually_true;

async fn entries(till: &Till, query: &str) -> Result<(Vec<Value>, bool)> {
    let page = till.get(&format!("/ledger/entries{query}")).await?;
    let entries = page.get("entries").and_then(Value::as_array).context("a list")?;
    Ok((entries.clone(), page["has_more"] == true))
}

#[tokio::test]
async fn every_transfer_has_two_lines_and_is_read_in_order() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    assert_eq!(entries(&till, "").await?, (vec![], false));
    till.subscribe(user, "silver").await?.json(201)?;
    till.advance("2026-05-01T00:00:00Z").await?;

    // What another transaction of this server could still be written before is shown later.
    let all_are_shown = async || Ok(entries(&till, "").await?.0.len() == 4);
    eventually_true("all are shown", Duration::from_secs(30), all_are_shown).await?;
    // Cash to deferred in April, and deferred to revenue in May.
    let (all, has_more) = entries(&till, "").await?;
    let shown = |line: &Value| {
        ["account", "side", "at"].map(|name| line[name].as_str().unwrap_or_default().to_owned())
    };
    let (april, may) = ("2026-04-01T00:00:00.000000Z", "2026-05-01T00:00:00.000000Z");
    let expected = [
        ["cash", "debit", april],
        ["deferred", "credit", april],
        ["deferred", "debit", may],
        ["revenue", "credit", may],
    ];
    assert_eq!(
        all.iter().map(shown).collect::<Vec<_>>(),
        expected.map(|line| line.map(str::to_owned))
    );
    assert!(!has_more);
    for line in &all {
        assert_eq!((&line["amount"], &line["currency"]), (&json!(1000), &json!("USD")));
        let group = line["group"].as_str().context("a group")?;
        till.client.get(&format!("/jobs/{group}")).await?.json(200)?;
    }
    assert_eq!(all[0]["group"], all[1]["group"]);
    assert_ne!(all[1]["group"], all[2]["group"]);

    // Page by page, whatever their size.
    for size in 1..=4 {
        let (mut read, mut after) = (Vec::new(), String::new());
        loop {
            let (page, has_more) = entries(&till, &format!("?limit={size}{after}")).await?;
            assert!(page.len() <= size, "{page:?}");
            let last = page.last().context("no page is empty")?;
            after = format!("&after={}", integer_of(last, "id")?);
            read.extend(page);
            if !has_more {
                break;
            }
        }
        assert_eq!(read, all, "{size}");
        assert_eq!(entries(&till, &format!("?limit={size}{after}")).await?, (vec![], false));
    }
    for before_all in ["?after=0", "?after=-7"] {
        assert_eq!(entries(&till, before_all).await?, (all.clone(), false));
    }
    for query in ["?after=x", "?after=1.5", "?limit=0", "?limit=101"] {
        let path = format!("/ledger/entries{query}");
        till.client.get(&path).await?.problem(400, "invalid_request")?;
    }
    till.done().await
}

#[tokio::test]
async fn balances_are_those_of_the_client_in_one_currency_or_in_all() -> Result<()> {
    let till = Till::at("2026-04-01T00:00:00Z").await?;
    till.sell("silver", 1000, 0).await?;
    let euro = json!({"name": "Euro", "tier": "euro", "interval": "month",
                      "price": {"amount": 700, "currency": "EUR"}});
    till.put("euro", &euro).await?;
    let (ada, bea) = (
        till.user_with("ada@a.org", "sim_ok").await?,
        till.user_with("bea@a.org", "sim_ok").await?,
    );
    till.subscribe(ada, "silver").await?.json(201)?;
    till.subscribe(bea, "euro").await?.json(201)?;
    let euros = till.get("/ledger/balances?currency=EUR").await?;
    let line = |account: &str, currency: &str, amount: u32| {
        let (account, currency) = (account.to_owned(), currency.to_owned());
        json!({"account": account, "currency": currency, "amount": amount})
    };
    assert_eq!(euros["balances"], json!([line("cash", "EUR", 700), line("deferred", "EUR", 700)]));
    assert_eq!(euros["as_of"], "2026-04-01T00:00:00.000000Z");
    let all = till.get("/ledger/balances").await?;
    let all = all["balances"].as_array().context("a list")?.clone();
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all.contains(&line("cash", "USD", 1000)), "{all:?}");
    assert_eq!(till.get("/ledger/balances?currency=GBP").await?["balances"], json!([]));
    let wrong = till.client.get("/ledger/balances?currency=euro").await?;
    wrong.problem(400, "invalid_request")?;

    // The books are for who manages, and each client has its own.
    let writer = till.stack.create_key("demo", "write").await?;
    let writer = till.client.with_api_key(&writer);
    for path in ["/ledger/balances", "/ledger/entries"] {
        let refused = writer.get(path).await?.problem(403, "insufficient_scope")?;
        assert_eq!(refused["required_scope"], "admin");
    }
    let other = till.stack.create_key("shop", "admin").await?;
    let other = till.client.with_api_key(&other);
    assert_eq!(other.get("/ledger/balances").await?.json(200)?["balances"], json!([]));
    assert_eq!(other.get("/payments").await?.json(200)?["payments"], json!([]));
    let credit = other.get(&format!("/users/{ada}/credit")).await?;
    credit.problem(404, "user_not_found")?;
    till.done().await
}
