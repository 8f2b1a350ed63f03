//! What belongs to a kind of problem, and the table that the kinds are written as.

use super::ProblemKind;
use serde::Serialize;
use utoipa::ToSchema;

/// The advice to a client that gets a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// The client may send the same request again with the same key, after `Retry-After` where it
    /// is given.
    SameKey,
    /// The answer is final for this key. A new intent needs a new key.
    NewKey,
    /// The client must correct the request first. The key is still free.
    No,
}

/// What is the same for every problem of a kind.
pub(super) struct Row {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) advice: Advice,
    pub(super) meaning: &'static str,
    pub(super) cure: &'static str,
}

/// Makes [`ProblemKind`] of one row for each kind. It is a macro so that a kind is written in one
/// place: the enum, the list of all kinds and the texts of each come from the same row.
macro_rules! table {
    ($($kind:ident: $status:literal, $code:literal, $title:literal, $advice:ident,
        $meaning:literal, $cure:literal;)*) => {
        /// The kinds of problems. The code, status and advice of each are part of the contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $(#[doc = concat!($title, ".")] $kind,)*
        }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            pub(super) const fn row(self) -> Row {
                match self {
                    $(Self::$kind => Row {
                        status: $status,
                        code: $code,
                        title: $title,
                        advice: $advice,
                        meaning: $meaning,
                        cure: $cure,
                    },)*
                }
            }
        }
    };
}

pub(super) use table;

impl ProblemKind {
    /// The HTTP status of problems of this kind.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().status
    }

    /// The stable code, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The URI of the kind, at which its page is served: `/problems/` and the code with dashes.
    #[must_use]
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.code().replace('_', "-"))
    }
    /// What happened, and why.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// What a client can do about it.
    #[must_use]
    pub const fn cure(self) -> &'static str {
        self.row().cure
    }

    /// The kind whose page has that path.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.type_uri() == path)
    }
}
