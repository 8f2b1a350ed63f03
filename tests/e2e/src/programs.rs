//! Where the programs under test are.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};
use support::Settings;

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
