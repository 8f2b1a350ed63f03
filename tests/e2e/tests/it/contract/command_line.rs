//! What operators read in a terminal.

use std::process::Output;

use anyhow::{Context, Result};
use e2e::{Kind, Settings, find_keys, run_to_end};

use super::{conversation::Conversation, keep, quiet};

/// What a program was told to do, its exit code, and what it printed.
pub(super) fn shown(program: &str, args: &[&str], output: &Output) -> String {
    let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
    let [printed, complaint] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    format!("> {program} {}\nexit code {code}\n{printed}{complaint}\n", args.join(" "))
}

#[test]
fn help() -> Result<()> {
    // Lines are broken at the width of the terminal, which a test does not have.
    let settings = Settings::default().with("COLUMNS", 100);
    let mut text = String::new();
    for (program, args) in [
        ("api", &["--help"][..]),
        ("api", &["clients", "--help"]),
        ("api", &["clients", "create", "--help"]),
        ("api", &["clients", "set", "--help"]),
        ("api", &["keys", "--help"]),
        ("api", &["keys", "create", "--help"]),
        ("api", &["keys", "revoke", "--help"]),
        ("worker", &["--help"]),
        ("worker", &["jobs", "--help"]),
        ("worker", &["jobs", "list", "--help"]),
        ("worker", &["secrets", "--help"]),
        ("worker", &["secrets", "rotate", "--help"]),
    ] {
        text += &shown(program, args, &run_to_end(program, args, &settings)?);
    }
    keep("help", &text);
    Ok(())
}

#[tokio::test]
async fn api_clients() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let settings = stack.settings(Kind::Api).with("RATE_LIMIT_REQUESTS", 10);
    let mut talk = Conversation::with(stack.client()?);
    for args in [
        &["clients", "create", "shop", "--rate", "600/60"][..],
        &["clients", "create", "other"],
        &["clients", "create", "other", "--rate", "1/1"],
        &["clients", "create", "operator"],
        &["clients", "create", "many", "--rate", "600"],
        &["clients", "create", "many", "--rate", "default"],
        &["clients", "create", "many", "--rate", "9007199255/1"],
        &["clients", "create", ""],
        &["clients", "create", "demo", "--test", "--at", "2026-01-31T00:00:00Z"],
        &["clients", "create", "demo", "--test"],
        &["clients", "create", "present", "--test", "--rate", "0/60"],
        &["clients", "create", "past", "--at", "2026-01-31T00:00:00Z"],
        &["clients", "create", "past", "--test", "--at", "1999-12-31T23:59:59Z"],
        &["clients", "create", "past", "--test", "--at", "2026-01-31"],
        &["clients", "list"],
        &["clients", "set", "shop", "--rate", "0/60"],
        &["clients", "set", "other", "--rate", "1200/3600"],
        &["clients", "set", "operator", "--rate", "100/1"],
        &["clients", "list"],
        &["clients", "set", "shop", "--rate", "default"],
        &["clients", "set", "local", "--rate", "600/60"],
        &["clients", "set", "nobody", "--rate", "600/60"],
        &["clients", "set", "shop"],
        &["clients", "set", "shop", "--rate", "-1/60"],
        // The command that makes a key says what its client may do.
        &["keys", "create", "--client", "other"],
        &["keys", "create", "--client", "new", "--scope", "admin"],
        &["keys", "create", "--operator"],
        &["keys", "create", "--operator", "--client", "shop"],
        &["keys", "create", "--client", "operator"],
        &["keys", "create"],
    ] {
        let output = run_to_end("api", args, &settings)?;
        let key = find_keys(&String::from_utf8_lossy(&output.stdout)).concat();
        let mut text = shown("api", args, &output);
        if let Some(id) = key.get(4..12) {
            text = text.replace(&key, "[key]").replace(id, "[id]");
        }
        talk.write(&text);
    }
    talk.end(stack, "api_clients").await
}

#[tokio::test]
async fn api_keys() -> Result<()> {
    let stack = quiet().workers(0).start().await?;
    let settings = stack.settings(Kind::Api);
    let mut talk = Conversation::with(stack.client()?);
    let create = ["keys", "create", "--client", "shop", "--scope", "read"];
    let output = run_to_end("api", &create, &settings)?;
    let key = find_keys(&String::from_utf8_lossy(&output.stdout)).concat();
    let (id, secret) = (key.get(4..12).context("no id")?, key.get(13..).context("no secret")?);
    let mut tell = |args: &[&str], output: &Output| {
        let text = shown("api", args, output);
        talk.write(&text.replace(&key, "[key]").replace(secret, "[secret]").replace(id, "[id]"));
    };
    tell(&create, &output);
    for args in [
        &["keys", "list"][..],
        &["keys", "revoke", id],
        &["keys", "list"],
        &["keys", "revoke", id],
        // What may be a secret is not shown again.
        &["keys", "revoke", &key],
        &["keys", "revoke", secret],
        &["keys", "revoke", "--dash", "Bearer"],
        &["keys", "create", "--client", "local"],
        &["keys", "create", "--client", "", "--scope", "write"],
    ] {
        tell(args, &run_to_end("api", args, &settings)?);
    }
    talk.end(stack, "api_keys").await
}
