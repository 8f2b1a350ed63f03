//! The settings that a program under test is given, as its environment or as flags.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variables of the caller's environment that are passed on to a program under test.
const INHERITED: [&str; 5] = ["PATH", "HOME", "TMPDIR", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// The environment of one program. It has only the variables that a test sets and a few inherited
/// ones.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Sets a variable. It replaces an earlier value.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers pass literals")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// Removes a variable.
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

    /// All variables, the inherited ones first.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let inherited = INHERITED
            .into_iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        let own = self.0.iter().map(|(name, value)| (name.into(), value.into()));
        inherited.chain(own).collect()
    }
    /// The same settings as flags of the command line: `API_AUTH` is `--api-auth`.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let flag = |name: &String| name.to_lowercase().replace('_', "-");
        self.0.iter().map(|(name, value)| format!("--{}={value}", flag(name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_a_variable_and_a_flag() {
        let settings = Settings::default().with("B_C", 1).with("A", "x").with("B_C", 2);
        assert_eq!(settings.flags(), ["--a=x", "--b-c=2"]);
        let variables = settings.without("A").environment();
        assert_eq!(variables.last(), Some(&("B_C".into(), "2".into())));
    }
}
