//! API keys, made and revoked as an operator does it: by the command line of `api`.

use anyhow::{Context, Result, ensure};

use crate::{programs::run_to_end, service::Kind, stack::Stack};

impl Stack {
    /// Makes a key for a client and gives it whole.
    pub fn create_key(&self, client: &str, scope: &str) -> Result<String> {
        self.create_key_by(&["--client", client, "--scope", scope])
    }

    /// Makes a key of the operator and gives it whole.
    pub fn create_operator_key(&self) -> Result<String> {
        self.create_key_by(&["--operator"])
    }

    fn create_key_by(&self, args: &[&str]) -> Result<String> {
        let printed = self.api_command(&[&["keys", "create"], args].concat())?;
        let mut keys = find_keys(&printed);
        ensure!(keys.len() == 1, "wanted the key once, got: {printed}");
        keys.pop().context("just counted")
    }

    /// Runs a subcommand of `api` that must succeed, and gives what it printed to stdout.
    pub fn api_command(&self, args: &[&str]) -> Result<String> {
        let output = run_to_end("api", args, &self.settings(Kind::Api))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "api {args:?}: {}\n{complaint}", output.status);
        Ok(printed)
    }
}

/// All keys in a text: `sck_`, 8 characters of the id, `_`, 43 of base64url.
#[must_use]
pub fn find_keys(text: &str) -> Vec<String> {
    text.match_indices("sck_").filter_map(|(at, _)| key_at(text.get(at..)?)).collect()
}

fn key_at(text: &str) -> Option<String> {
    let key = text.get(..4 + 8 + 1 + 43)?;
    let (id, secret) = (key.get(4..12)?, key.get(13..)?);
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let ends = !text.as_bytes().get(key.len()).copied().is_some_and(base64url);
    let valid = id.bytes().all(|b| b.is_ascii_alphanumeric())
        && key.as_bytes().get(12) == Some(&b'_')
        && secret.bytes().all(base64url);
    (valid && ends).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_keys_only() {
        let key = format!("sck_Ab345678_{}", "x-_Y".repeat(11).get(..43).unwrap());
        assert_eq!(find_keys(&format!("your key: {key}\nkeep it")).concat(), key);
        assert!(find_keys(&format!("{key}z")).is_empty());
        assert!(find_keys("sck_Ab345678_short, sck_").is_empty());
    }
}
