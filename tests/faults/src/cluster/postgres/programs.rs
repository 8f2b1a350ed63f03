//! The programs of Postgres, and how they are run.

use anyhow::{Context, Result, bail, ensure};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs of the newest Postgres of this machine. On Debian they are not on the PATH.
pub(super) fn find_programs() -> Result<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let major = entry.file_name().to_string_lossy().parse().unwrap_or_default();
        folders.push((major, entry.path().join("bin")));
    }
    let newest = folders.into_iter().max().map(|(_, folder)| folder);
    newest.context("no Postgres under /usr/lib/postgresql: set POSTGRES_BIN")
}

/// The command that runs `program`. Postgres refuses to run as root, so root runs it as the user
/// `postgres`, with the same process id.
pub(super) fn as_postgres(program: &Path) -> Result<(PathBuf, Vec<String>)> {
    if !is_root()? {
        return Ok((program.to_owned(), Vec::new()));
    }
    let args = ["--reuid=postgres", "--regid=postgres", "--clear-groups"].map(str::to_owned);
    let program = program.display().to_string();
    Ok((PathBuf::from("setpriv"), args.into_iter().chain([program]).collect()))
}

pub(super) fn is_root() -> Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout == b"0\n")
}

/// Runs a command to its end.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}\n{words}", output.status);
    Ok(())
}

/// A loopback address at which nothing listens. Its port is below the range of outgoing
/// connections, so that it is still free when its server is started again.
pub fn free_address() -> Result<SocketAddr> {
    for _ in 0..1000 {
        let port = rand::random_range(12_000..32_000);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port")
}
