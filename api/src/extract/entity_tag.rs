//! `If-None-Match`.

use axum::http::{HeaderMap, header};

/// Whether the client knows what has this tag. Tags are compared weakly (RFC 9110, 13.1.2).
pub(crate) fn is_known_tag(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    known.map(str::trim).any(|known| known == "*" || strong(known) == strong(tag))
}

fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_tag_is_known_in_any_place_of_any_header_weak_or_not() {
        let known = |values: &[&'static str]| {
            let values = values.iter().map(|text| HeaderValue::from_static(text));
            let headers = values.map(|value| (header::IF_NONE_MATCH, value)).collect();
            is_known_tag(&headers, r#"W/"abc""#)
        };
        for values in [
            &[r#"W/"abc""#][..],
            &[r#""abc""#],
            &[r#""x", W/"abc""#],
            &[r#""x""#, r#""abc""#],
            &["*"],
        ] {
            assert!(known(values), "{values:?}");
        }
        for values in [&[][..], &[r#""ab""#], &["abc"], &[r#"W/"ABC""#], &[""]] {
            assert!(!known(values), "{values:?}");
        }
    }
}
