//! How long a request is willing to wait: the `Prefer` header (RFC 7240).

use super::quoted::{split_unquoted, unquoted};
use axum::http::HeaderMap;
use std::time::Duration;

/// The longest wait that is granted.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);

/// The preferences of a request that are honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefer {
    respond_async: bool,
    wait: Option<Duration>,
}

impl Prefer {
    /// Reads the header. The first instance of a preference counts. Malformed and unknown ones are
    /// ignored, as RFC 7240 requires.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| split_unquoted(value, ',')) {
            // Parameters follow a semicolon. Neither preference has any, so they are ignored.
            let token = split_unquoted(preference, ';').next().unwrap_or_default().trim();
            if token.eq_ignore_ascii_case("respond-async") {
                prefer.respond_async = true;
            } else if prefer.wait.is_none() {
                prefer.wait = parse_wait(token);
            }
        }
        prefer
    }

    /// The time to wait; `default` if the request has no preference.
    pub(crate) fn wait(self, default: Duration) -> Duration {
        match self {
            Self { wait: Some(wait), .. } => wait,
            Self { respond_async: true, .. } => Duration::ZERO,
            Self { .. } => default,
        }
    }

    /// The value of `Preference-Applied`; `None` when no preference was applied.
    pub(crate) fn applied(self) -> Option<String> {
        let respond_async = self.respond_async.then(|| "respond-async".to_owned());
        let wait = self.wait.map(|wait| format!("wait={}", wait.as_secs()));
        let applied: Vec<String> = respond_async.into_iter().chain(wait).collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

fn parse_wait(token: &str) -> Option<Duration> {
    let (name, value) = token.split_once('=')?;
    let value = unquoted(value.trim())?;
    // A sign or a leading zero is no way to write a number, here as everywhere.
    let is_number = value.bytes().all(|b| b.is_ascii_digit())
        && (value == "0" || !value.is_empty() && !value.starts_with('0'));
    if !is_number || !name.trim().eq_ignore_ascii_case("wait") {
        return None;
    }
    // A number that is too large for the type means the longest wait.
    Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> (u64, Option<String>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", value.parse().unwrap());
        }
        let prefer = Prefer::from_headers(&headers);
        (prefer.wait(Duration::from_secs(1)).as_secs(), prefer.applied())
    }

    #[test]
    fn preferences_are_honoured_and_said_to_be() {
        let applied = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[]), (1, None));
        assert_eq!(of(&["respond-async"]), (0, applied("respond-async")));
        assert_eq!(of(&["wait=5"]), (5, applied("wait=5")));
        assert_eq!(of(&["wait=0"]), (0, applied("wait=0")));
        assert_eq!(of(&["Wait = \"7\""]), (7, applied("wait=7")));
        assert_eq!(of(&["wait=900"]), (30, applied("wait=30")));
        assert_eq!(of(&["wait=99999999999999999999999"]), (30, applied("wait=30")));
        assert_eq!(of(&["respond-async, wait=5"]), (5, applied("respond-async, wait=5")));
        assert_eq!(of(&["respond-async", "wait=5"]), (5, applied("respond-async, wait=5")));
        assert_eq!(of(&["wait=3; x=1, wait=9"]), (3, applied("wait=3")));
    }

    #[test]
    fn what_is_malformed_or_unknown_is_ignored() {
        for value in [
            "wait",
            "wait=",
            "wait=-1",
            "wait=+1",
            "wait=01",
            "wait=1.5",
            "wait=abc",
            "wait=\"1",
            "x=\"a, wait=5\"",
            "handling=strict",
            ",;=",
        ] {
            assert_eq!(of(&[value]), (1, None), "{value}");
        }
    }
}
