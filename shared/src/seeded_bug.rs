//! Deliberate defects, to prove that the fault campaign finds such defects (`docs/RELIABILITY.md`).
//!
//! They exist in builds with the feature `seeded-bugs` only, and there one is switched on by the
//! environment variable `SEEDED_BUG`. In all other builds [`SeededBug::is_on`] is `false` and the
//! compiler removes what depends on it.

/// A deliberate defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeededBug {
    /// A command that is delivered twice is decided twice.
    SkipLedger,
    /// A task is acknowledged before its command is committed.
    AckBeforeCommit,
    /// Outcomes are told before they are committed.
    TellBeforeCommit,
    /// Rows are read, decided upon and written without being locked meanwhile.
    DropLock,
    /// All requests with a key count as the same request.
    ForgetFingerprint,
    /// What a dead worker held is never taken over.
    LoseOrphan,
}

impl SeededBug {
    /// How the defect is named in `SEEDED_BUG`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SkipLedger => "skip-ledger",
            Self::AckBeforeCommit => "ack-before-commit",
            Self::TellBeforeCommit => "tell-before-commit",
            Self::DropLock => "drop-lock",
            Self::ForgetFingerprint => "forget-fingerprint",
            Self::LoseOrphan => "lose-orphan",
        }
    }

    /// Whether it is switched on.
    #[must_use]
    #[inline]
    #[expect(clippy::disallowed_methods, reason = "not a setting: no release has it")]
    pub fn is_on(self) -> bool {
        cfg!(feature = "seeded-bugs")
            && std::env::var("SEEDED_BUG").is_ok_and(|name| name == self.name())
    }
}
