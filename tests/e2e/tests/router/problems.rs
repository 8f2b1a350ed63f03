//! The pages of problems.

use crate::stack::Stack;
use anyhow::{Context, Result, ensure};
use contract::ProblemKind;
use reqwest::Method;

/// What a browser sends.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn every_problem_has_a_page_at_its_type() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    let list = client.get("/problems").await?.json(200)?;
    let kinds = list.get("problems").and_then(|kinds| kinds.as_array()).context("no list")?;
    ensure!(kinds.len() == ProblemKind::ALL.len(), "{} kinds", kinds.len());
    for kind in kinds {
        let path = kind.get("type").and_then(|path| path.as_str()).context("no type")?;
        let page = client.get(path).await?;
        ensure!(page.json(200)? == *kind, "{page}");
        for member in ["type", "title", "status", "code", "retry"] {
            let example = kind.pointer(&format!("/example/{member}"));
            ensure!(example.is_some() && example == kind.get(member), "{member} of {kind}");
        }
    }
    stack.done().await
}

#[tokio::test]
async fn browsers_get_html() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for path in ["/problems", "/problems/user-not-found"] {
        let request = client.request(Method::GET, path).header("accept", BROWSER);
        let page = client.send(request).await?;
        ensure!(page.status == 200, "{page}");
        ensure!(page.header("content-type") == Some("text/html; charset=utf-8"), "{page}");
        ensure!(page.header("vary") == Some("accept"), "{page}");
        ensure!(page.text().contains("There is no such user"), "{page}");
    }
    stack.done().await
}

#[tokio::test]
async fn other_names_have_no_page() -> Result<()> {
    let stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    for slug in ["nope", "user_not_found", "User-Not-Found", "user-not-found/", "user%2Dnot-found"]
    {
        client.get(&format!("/problems/{slug}")).await?.problem(404, "route_not_found")?;
    }
    stack.done().await
}
