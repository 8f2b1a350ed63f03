//! Reads values that have bounds. What each `expecting` or error says is what a client is told.

use crate::Instant;
use chrono::{Datelike, SubsecRound, Timelike};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Reads an integer from `LEAST` to `MOST`.
pub(crate) fn within<'de, const LEAST: u64, const MOST: u64, N, D>(input: D) -> Result<N, D::Error>
where
    N: TryFrom<u64>,
    D: Deserializer<'de>,
{
    input.deserialize_u64(Within::<LEAST, MOST, N>(PhantomData))
}

struct Within<const LEAST: u64, const MOST: u64, N>(PhantomData<N>);

impl<const LEAST: u64, const MOST: u64, N: TryFrom<u64>> Visitor<'_> for Within<LEAST, MOST, N> {
    type Value = N;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer from {LEAST} to {MOST}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<N, E> {
        let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
        let inside = Some(number).filter(|number| (LEAST..=MOST).contains(number));
        inside.and_then(|number| number.try_into().ok()).ok_or_else(wrong)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<N, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// Reads a text of 1 to `MOST` printable characters.
pub(crate) fn printable<'de, const MOST: usize, D>(input: D) -> Result<String, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(input)?;
    let wrong = || D::Error::custom(format!("must be 1 to {MOST} printable characters"));
    Some(text).filter(|text| is_printable(text, MOST)).ok_or_else(wrong)
}

/// Whether it is a text of 1 to `most` printable characters.
pub(crate) fn is_printable(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Whether it is false: such a member is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}

/// The first year that a body may name. Nothing of this kind is older, and Postgres reads all that
/// follow.
const YEAR_MIN: i32 = 1970;

/// Reads an instant as RFC 3339 writes it. What is finer than a microsecond is cut off, as Postgres
/// would.
pub(crate) fn instant<'de, D: Deserializer<'de>>(input: D) -> Result<Instant, D::Error> {
    let wrong =
        || D::Error::custom("must be an instant from 1970 on, such as 2026-01-31T08:00:00Z");
    read_instant(&input.deserialize_str(Text)?).ok_or_else(wrong)
}

/// The instant of that text.
pub(crate) fn read_instant(text: &str) -> Option<Instant> {
    let written = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    let read = written.to_utc();
    // Postgres takes a leap second for the next minute, and the answer would not be what it stores.
    let is_leap_second = read.nanosecond() >= 1_000_000_000;
    let read = Some(read.trunc_subsecs(6));
    read.filter(|read| written.year() >= YEAR_MIN && read.year() <= 9999 && !is_leap_second)
}

/// As [`instant`], or nothing.
pub(crate) fn maybe_instant<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<Instant>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Read(#[serde(deserialize_with = "instant")] Instant);
    Ok(Option::<Read>::deserialize(input)?.map(|Read(read)| read))
}

/// Any text.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instant such as 2026-01-31T08:00:00Z")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}
