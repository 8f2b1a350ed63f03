//! Whole answers, kept in files.
//!
//! After a change that is meant, `INSTA_UPDATE=always make test ARGS='-p e2e --test router'` renews
//! the files. Their diff is what has changed for clients.

use e2e::{Answer, Instants};

/// Compares answers with the file of that name: status, headers in order of the alphabet, and body
/// to the byte. Instants are numbered, so that the file says which are equal. Ids are kept, because
/// a fresh database counts from 1 and the id of a job follows from its client and its key.
pub(crate) fn ensure_kept(name: &str, answers: &[&Answer]) {
    let text: String = answers.iter().map(|answer| shown(answer)).collect();
    let text = Instants::default().redact(&text);
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn shown(answer: &Answer) -> String {
    // The id of a request is another one each time.
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let line = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut headers: Vec<String> =
        headers.map(|(name, value)| format!("{name}: {}\n", line(value.as_bytes()))).collect();
    headers.sort();
    let (request, status) = (&answer.request, answer.status);
    format!("{request}\n{status}\n{}\n{}\n\n", headers.concat(), answer.text())
}
