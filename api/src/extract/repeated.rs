//! Members that occur twice in an object inside a body: which of them is meant is anybody's guess.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// The name of a member that occurs twice in its object, at any depth of valid JSON.
pub(super) fn repeated_member(json: &[u8]) -> Option<String> {
    serde_json::from_slice::<Repeated>(json).ok()?.0
}

/// What occurs twice in a value.
struct Repeated(Option<String>);

impl<'de> Deserialize<'de> for Repeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Repeated;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Repeated, A::Error> {
        let mut found = None;
        while let Some(Repeated(inside)) = items.next_element()? {
            found = found.or(inside);
        }
        Ok(Repeated(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Repeated, A::Error> {
        let (mut names, mut found) = (HashSet::new(), None);
        while let Some((name, Repeated(inside))) = members.next_entry::<String, _>()? {
            found = found.or(inside);
            if !names.insert(name.clone()) {
                found.get_or_insert(name);
            }
        }
        Ok(Repeated(found))
    }
}

#[cfg(test)]
mod tests {
    use super::repeated_member;

    #[test]
    fn a_member_that_occurs_twice_is_found_at_any_depth() {
        for (json, expected) in [
            (r#"{"a":1,"a":2}"#, Some("a")),
            (r#"{"m":{"a":"1","b":"2","a":"1"}}"#, Some("a")),
            (r#"{"m":[null,true,1,-1,1.5,"x",{"y":{},"y":[]}]}"#, Some("y")),
            (r#"{"m":{"\u0061":"1","a":"2"}}"#, Some("a")),
            (r#"{"a":{"a":{"b":1}},"b":[{"a":1},{"a":1}]}"#, None),
            ("[]", None),
        ] {
            assert_eq!(repeated_member(json.as_bytes()).as_deref(), expected, "{json}");
        }
    }
}
