//! The tokens of simulated methods, each of which says what comes of a charge.

use domain::DeclineCode;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The longest time for which a charge can be slow.
const SLOW_MAX: Duration = Duration::from_hours(1);

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Charges succeed.
    Good,
    /// Charges are declined.
    Declined(Decline),
    /// The user has to do something first.
    Action,
    /// Charges succeed after that time.
    Slow(Duration),
    /// Charges succeed, but this many answers are errors.
    Failing(u32),
    /// The method cannot be attached.
    Unattachable,
}

/// A decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decline {
    /// For no reason that is told.
    Generic,
    /// The card was stolen.
    Stolen,
    /// There is no money.
    InsufficientFunds,
    /// The user would have to do something, and is not there.
    AuthenticationRequired,
    /// There is no such token.
    InvalidToken,
}

impl Token {
    /// The token of that text; `None` if there is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "sim_ok" => Self::Good,
            "sim_declined" => Self::Declined(Decline::Generic),
            "sim_hard_declined" => Self::Declined(Decline::Stolen),
            "sim_insufficient_funds" => Self::Declined(Decline::InsufficientFunds),
            "sim_action" => Self::Action,
            "sim_attach_declined" => Self::Unattachable,
            other => {
                let (kind, number) = other.rsplit_once('_')?;
                match kind {
                    "sim_slow" => {
                        let slow = Duration::from_millis(number_of(number)?.into());
                        Self::Slow(slow).filter(slow <= SLOW_MAX)?
                    }
                    "sim_error" => Self::Failing(number_of(number)?),
                    _ => return None,
                }
            }
        })
    }

    fn filter(self, is_good: bool) -> Option<Self> {
        is_good.then_some(self)
    }
}

/// A number of digits only.
fn number_of(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl Decline {
    const ALL: [Self; 5] = [
        Self::Generic,
        Self::Stolen,
        Self::InsufficientFunds,
        Self::AuthenticationRequired,
        Self::InvalidToken,
    ];

    /// The word for it.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Generic => "generic_decline",
            Self::Stolen => "stolen_card",
            Self::InsufficientFunds => "insufficient_funds",
            Self::AuthenticationRequired => "authentication_required",
            Self::InvalidToken => "invalid_token",
        }
    }

    /// The decline as it is told.
    pub(super) fn told(self) -> DeclineCode {
        let is_hard = !matches!(self, Self::Generic | Self::InsufficientFunds);
        DeclineCode { code: self.code().to_owned(), is_hard }
    }

    /// The decline of that word.
    pub(super) fn of_code(code: &str) -> DeclineCode {
        let known = Self::ALL.into_iter().find(|decline| decline.code() == code);
        let unknown = || DeclineCode { code: code.to_owned(), is_hard: false };
        known.map_or_else(unknown, Self::told)
    }
}

/// The last four digits of the card that a token stands for: they follow from it.
pub(super) fn last4(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    digest.iter().take(4).map(|byte| char::from(b'0' + byte % 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_comes_of_a_charge() {
        for (text, token) in [
            ("sim_ok", Token::Good),
            ("sim_declined", Token::Declined(Decline::Generic)),
            ("sim_hard_declined", Token::Declined(Decline::Stolen)),
            ("sim_insufficient_funds", Token::Declined(Decline::InsufficientFunds)),
            ("sim_action", Token::Action),
            ("sim_slow_1500", Token::Slow(Duration::from_millis(1500))),
            ("sim_error_3", Token::Failing(3)),
            ("sim_attach_declined", Token::Unattachable),
        ] {
            assert_eq!(Token::parse(text), Some(token), "{text}");
        }
        for text in [
            "",
            "sim",
            "sim_",
            "tok_visa",
            "sim_slow_",
            "sim_slow_-1",
            "sim_slow_+1",
            "sim_error_x",
            "sim_error_99999999999",
            "sim_slow_3600001",
            "SIM_OK",
        ] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_card_shows_digits_that_follow_from_its_token() {
        assert_eq!(last4("sim_ok"), last4("sim_ok"));
        assert_ne!(last4("sim_ok"), last4("sim_declined"));
        assert!(last4("sim_action").bytes().all(|byte| byte.is_ascii_digit()));
    }

    #[test]
    fn hard_declines_are_those_that_another_try_does_not_help() {
        let hard: Vec<_> =
            Decline::ALL.into_iter().filter(|decline| decline.told().is_hard).collect();
        assert_eq!(hard, [Decline::Stolen, Decline::AuthenticationRequired, Decline::InvalidToken]);
        assert_eq!(Decline::of_code("stolen_card"), Decline::Stolen.told());
    }
}
