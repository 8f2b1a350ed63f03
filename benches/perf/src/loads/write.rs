//! The bytes of a request.

use std::fmt::Display;
use std::io::Write;

/// Appends a POST. `key` is (run, number): no two of them give the same key, which is as long as a
/// UUID.
pub(super) fn post(
    request: &mut Vec<u8>,
    path: &str,
    key: (u32, i64),
    headers: &str,
    body: &impl Display,
) {
    let body = body.to_string();
    let (run, number) = key;
    // Writing to memory cannot fail.
    let _ = write!(
        request,
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {run:08x}-0000-4000-8000-{number:012x}\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// Appends a GET.
pub(super) fn get(request: &mut Vec<u8>, path: &impl Display) {
    let _ = write!(request, "GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
}

/// The integer after `"name":` in a JSON body of ours.
pub(super) fn integer(body: &[u8], name: &str) -> Option<i64> {
    let text = std::str::from_utf8(body).ok()?;
    let after = text.split_once(&format!("\"{name}\":"))?.1;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn post_is_whole() {
        let mut request = Vec::new();
        post(&mut request, "/cancel", (1, 255), "Prefer: x\r\n", &"{}");
        let text = String::from_utf8(request).unwrap();
        assert!(text.starts_with("POST /cancel HTTP/1.1\r\n"));
        assert!(text.contains("Idempotency-Key: 00000001-0000-4000-8000-0000000000ff\r\nPrefer"));
        assert!(text.ends_with("Content-Length: 2\r\n\r\n{}"));
    }

    #[test]
    fn integers_are_found_by_name() {
        let body = br#"{"subscription_id":17,"gift_id":4}"#;
        assert_eq!(integer(body, "subscription_id"), Some(17));
        assert_eq!(integer(body, "gift_id"), Some(4));
        assert_eq!(integer(body, "id"), None);
    }
}
