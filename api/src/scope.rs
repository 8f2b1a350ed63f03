//! What an API key allows.

use clap::ValueEnum;

/// What a key allows. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scope {
    /// Reading.
    Read,
    /// Submitting commands.
    Write,
    /// Managing what all users of the client share, such as its plans.
    Admin,
}

impl Scope {
    /// How the scope is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The scope of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|scope| scope.as_str() == text)
    }
}
