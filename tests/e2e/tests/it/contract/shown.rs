//! Requests and answers as text.

use e2e::Answer;
use reqwest::{
    Request,
    header::{HeaderMap, HeaderName, HeaderValue},
};

/// A body that is longer is one whose length is the point.
const BODY_SHOWN_MAX: usize = 300;

/// A request as it is sent, without what the connection adds.
pub(super) fn request(request: &Request) -> String {
    let url = request.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut text = format!("{} {}{query}\n", request.method(), url.path());
    text += &headers(request.headers());
    if let Some(body) = request.body().and_then(reqwest::Body::as_bytes) {
        text += &bounded(&String::from_utf8_lossy(body));
    }
    asked(&text)
}

/// What was asked for, each line behind a sign that sets it off from the answer.
pub(super) fn asked(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("> {line}\n")).collect();
    lines.concat()
}

/// A whole answer: status, headers in order of the alphabet, an empty line, the body to the byte,
/// and an empty line.
pub(super) fn answer(answer: &Answer) -> String {
    format!("{}\n{}\n{}\n\n", answer.status, headers(&answer.headers), answer.text())
}

/// A text without the values of a member whose values are text.
pub(super) fn masked(text: &str, member: &str) -> String {
    let begin = format!("\"{member}\":\"");
    let shown = |part: &str| {
        let (_, after) = part.split_once('"').unwrap_or_default();
        format!("{begin}[{member}]\"{after}")
    };
    let (first, rest) = text.split_once(&begin).unwrap_or((text, ""));
    let rest = rest.split(&begin).filter(|part| !part.is_empty()).map(shown);
    first.to_owned() + &rest.collect::<Vec<_>>().concat()
}

/// A text whose end is left out if it is long.
pub(super) fn bounded(text: &str) -> String {
    let shown: String = text.chars().take(BODY_SHOWN_MAX).collect();
    if shown.len() == text.len() { shown } else { format!("{shown}… ({} bytes)", text.len()) }
}

fn headers(headers: &HeaderMap) -> String {
    let mut headers: Vec<(&HeaderName, &HeaderValue)> = headers.iter().collect();
    // Stable: the values of a header that occurs twice stay in their order.
    headers.sort_by_key(|(name, _)| name.as_str());
    let line = |(name, value)| format!("{name}: {}\n", shown(name, value));
    headers.into_iter().map(line).collect::<Vec<_>>().concat()
}

/// The value of a header, unless it is a secret or another one in each run.
fn shown(name: &HeaderName, value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    match name.as_str() {
        _ if value.is_sensitive() => "[secret]".to_owned(),
        "date" => "[date]".to_owned(),
        "x-request-id" if is_uuid(&text) => "[uuid]".to_owned(),
        _ => text,
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
