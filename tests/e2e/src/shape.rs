//! The shapes of the contract: which fields an object has, and how a time is written.

use std::{collections::BTreeSet, panic::Location};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The object has exactly these fields.
#[track_caller]
pub fn ensure_fields(object: &Value, fields: &[&str]) -> Result<()> {
    let at = Location::caller();
    let found = object.as_object().with_context(|| format!("{at}: not an object: {object}"))?;
    let found: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    let wanted: BTreeSet<&str> = fields.iter().copied().collect();
    ensure!(found == wanted, "{at}: wanted the fields {wanted:?}, got {object}");
    Ok(())
}

/// A field that must be text.
#[track_caller]
pub fn text_of<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    let at = Location::caller();
    let value = object.get(field).and_then(Value::as_str);
    value.with_context(|| format!("{at}: no text `{field}` in {object}"))
}

/// A field that must be a whole number.
#[track_caller]
pub fn integer_of(object: &Value, field: &str) -> Result<i64> {
    let at = Location::caller();
    let value = object.get(field).and_then(Value::as_i64);
    value.with_context(|| format!("{at}: no integer `{field}` in {object}"))
}

/// The value is an RFC 3339 time in UTC, such as `2026-11-24T02:00:00.123456Z`.
#[track_caller]
pub fn ensure_utc(time: &Value) -> Result<()> {
    let at = Location::caller();
    let text = time.as_str().with_context(|| format!("{at}: not a time: {time}"))?;
    let zoned = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"));
    let local = zoned.with_context(|| format!("{at}: not in UTC: {text}"))?;
    let (seconds, fraction) = local.split_once('.').unwrap_or((local, "0"));
    let pattern: String =
        seconds.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    ensure!(
        pattern == "0000-00-00T00:00:00" && fraction.bytes().all(|b| b.is_ascii_digit()),
        "{at}: not RFC 3339: {text}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn knows_times_in_utc() {
        for good in ["2026-11-24T02:00:00Z", "2026-11-24T02:00:00.123456+00:00"] {
            ensure_utc(&json!(good)).unwrap();
        }
        for bad in ["2026-11-24 02:00:00Z", "2026-11-24T02:00:00+01:00", "2026-11-24T02:00:00", ""]
        {
            ensure_utc(&json!(bad)).unwrap_err();
        }
        ensure_utc(&json!(null)).unwrap_err();
    }

    #[test]
    fn knows_missing_and_extra_fields() {
        ensure_fields(&json!({"a": 1, "b": null}), &["b", "a"]).unwrap();
        ensure_fields(&json!({"a": 1}), &["b", "a"]).unwrap_err();
        ensure_fields(&json!({"a": 1, "b": 2, "c": 3}), &["b", "a"]).unwrap_err();
    }
}
