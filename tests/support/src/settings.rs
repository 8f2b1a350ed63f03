//! The environment that a program under test is given.

use std::collections::BTreeMap;
use std::ffi::OsString;

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
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let inherited = INHERITED
            .into_iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let own = self.0.iter().map(|(name, value)| (name.into(), value.into()));
        inherited.chain(own).collect()
    }
}
