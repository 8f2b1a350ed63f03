//! The clock of one process, which can jump while the process runs.

use anyhow::Result;
use e2e::Settings;
use std::path::{Path, PathBuf};

/// A clock that libfaketime gives to a process.
pub struct Clock {
    library: PathBuf,
    /// The library reads this file whenever the process reads the clock.
    file: PathBuf,
}

impl Clock {
    /// A clock for the process of that name, which is right until it is set. `None` if there is no
    /// `library`.
    pub fn prepare(library: &Path, folder: &Path, name: &str) -> Result<Option<Self>> {
        if !library.is_file() {
            return Ok(None);
        }
        let library = std::path::absolute(library)?;
        let file = std::path::absolute(folder.join(format!("{name}.clock")))?;
        let clock = Self { library, file };
        clock.set(0)?;
        Ok(Some(clock))
    }

    /// What the process needs in its environment.
    #[must_use]
    pub fn settings(&self) -> Settings {
        // The memory of the C library for a Redis: its own looks at the clock whenever it gives
        // some away, and so would the library, without an end.
        Settings::default()
            .with("LD_PRELOAD", format!("{} libc.so.6", self.library.display()))
            .with("FAKETIME_TIMESTAMP_FILE", self.file.display())
            .with("FAKETIME_NO_CACHE", 1)
            .with("FAKETIME_DONT_FAKE_MONOTONIC", 1)
    }

    /// Sets it that many seconds ahead.
    pub fn set(&self, ahead: i32) -> Result<()> {
        Ok(std::fs::write(&self.file, format!("{ahead:+}"))?)
    }
}
