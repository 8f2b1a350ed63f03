//! Folders for the files of a test.

use anyhow::Result;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A new folder below that of temporary files. Its name begins with `prefix`.
pub fn fresh_folder(prefix: &str) -> Result<PathBuf> {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("{prefix}-{}-{number}", process::id()));
    // A killed run of the same pid may have left one behind.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
