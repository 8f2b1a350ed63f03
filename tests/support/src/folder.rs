//! Folders for the files of a test.

use anyhow::Result;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Makes a folder in that of temporary files. Its name begins with `prefix`.
pub fn fresh_folder(prefix: &str) -> Result<PathBuf> {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("{prefix}-{}-{number}", process::id()));
    // A killed process with the same id may have left a folder of this name.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
