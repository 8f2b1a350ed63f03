//! Where the programs under test are, and the settings they are given.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};

/// Of the caller's environment, only these reach a program under test.
const INHERITED: [&str; 5] = ["PATH", "HOME", "TMPDIR", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// The environment of one program: what it is set to, and nothing by accident.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Sets one variable, in place of an earlier value.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers pass literals")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// Takes one variable away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// These settings, overridden by `other`.
    #[must_use]
    pub fn overridden_by(mut self, other: &Self) -> Self {
        self.0.extend(other.0.clone());
        self
    }

    /// All variables, the few inherited ones first.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let inherited = INHERITED
            .into_iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let own = self.0.iter().map(|(name, value)| (name.into(), value.into()));
        inherited.chain(own).collect()
    }
}

/// The path of a program of this workspace: beside the running test, else in the target folder.
pub fn program(name: &str) -> Result<PathBuf> {
    let beside_the_test =
        std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.to_owned()));
    let target = std::env::var_os("CARGO_TARGET_DIR").map(|dir| PathBuf::from(dir).join("debug"));
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug");
    let folders = [target, beside_the_test, Some(workspace)];
    for folder in folders.iter().flatten() {
        let candidate = folder.join(name);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("no program `{name}` in {folders:?}: run `cargo build --bins --workspace`")
}

/// Runs a program that ends by itself, such as `api keys list`, and gives its output.
pub fn run_to_end(name: &str, args: &[&str], settings: &Settings) -> Result<Output> {
    Command::new(program(name)?)
        .args(args)
        .env_clear()
        .envs(settings.environment())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name} {args:?}"))
}
