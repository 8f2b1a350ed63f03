//! Problem documents: codes, advice, and the shape of the JSON.

use contract::{Advice, FieldError, Problem, ProblemKind};
use samples::JOB;
use std::collections::HashSet;

use Advice::{NewKey, No, SameKey};
use ProblemKind as Kind;

/// `semantics.md` 3.1 and 3.3; the refusals are in `refusal`.
const TABLE: [(Kind, u16, &str, Advice); 23] = [
    (Kind::MalformedJson, 400, "malformed_json", No),
    (Kind::InvalidRequest, 400, "invalid_request", No),
    (Kind::IdempotencyKeyMissing, 400, "idempotency_key_missing", No),
    (Kind::IdempotencyKeyInvalid, 400, "idempotency_key_invalid", No),
    (Kind::HeaderRepeated, 400, "header_repeated", No),
    (Kind::Unauthenticated, 401, "unauthenticated", No),
    (Kind::InsufficientScope, 403, "insufficient_scope", No),
    (Kind::OriginNotAllowed, 403, "origin_not_allowed", No),
    (Kind::RouteNotFound, 404, "route_not_found", No),
    (Kind::JobNotFound, 404, "job_not_found", SameKey),
    (Kind::MethodNotAllowed, 405, "method_not_allowed", No),
    (Kind::PayloadTooLarge, 413, "payload_too_large", No),
    (Kind::UnsupportedMediaType, 415, "unsupported_media_type", No),
    (Kind::UnsupportedContentEncoding, 415, "unsupported_content_encoding", No),
    (Kind::HostNotAllowed, 421, "host_not_allowed", No),
    (Kind::IdempotencyKeyReused, 422, "idempotency_key_reused", NewKey),
    (Kind::RateLimited, 429, "rate_limited", SameKey),
    (Kind::TooManyFailedAuthentications, 429, "too_many_failed_authentications", No),
    (Kind::QueueFull, 503, "queue_full", SameKey),
    (Kind::QueueUnavailable, 503, "queue_unavailable", SameKey),
    (Kind::StorageUnavailable, 503, "storage_unavailable", SameKey),
    (Kind::Internal, 500, "internal", SameKey),
    (Kind::ProcessingFailed, 503, "processing_failed", SameKey),
];

#[test]
fn every_problem_before_admission_is_as_the_catalogue_says() {
    for (kind, status, code, retry) in TABLE {
        assert_eq!((kind.status(), kind.code()), (status, code));
        let problem = Problem::new(kind, "Something happened.");
        assert_eq!((problem.status, problem.code, problem.retry), (status, code, retry));
        assert_eq!(problem.type_uri, format!("/problems/{}", code.replace('_', "-")));
    }
    let codes: HashSet<_> = TABLE.map(|(_, _, code, _)| code).into();
    assert_eq!(codes.len(), TABLE.len());
}

#[test]
fn titles_are_sentences_without_a_full_stop() {
    for (kind, ..) in TABLE {
        let title = Problem::new(kind, "").title;
        assert!(title.starts_with(char::is_uppercase), "{title}");
        assert!(!title.ends_with('.'), "{title}");
    }
}

#[test]
fn members_that_do_not_apply_are_absent() {
    assert_eq!(
        Problem::new(Kind::RouteNotFound, "Nothing is here.").to_json(),
        concat!(
            r#"{"type":"/problems/route-not-found","title":"There is nothing at this path","#,
            r#""status":404,"detail":"Nothing is here.","code":"route_not_found","retry":"no"}"#
        )
    );
}

#[test]
fn members_come_in_a_fixed_order_and_those_of_the_kind_come_last() {
    let errors = vec![
        FieldError { field: "user_id".to_owned(), message: "is required".to_owned() },
        FieldError { field: "a\"b\0".to_owned(), message: "is not a known field".to_owned() },
    ];
    let problem = Problem::new(Kind::InvalidRequest, "Two fields are wrong.")
        .with("retry_after", 7)
        .with("job", "/jobs/x")
        .about_job(JOB)
        .with_errors(errors);
    assert_eq!(
        problem.to_json(),
        concat!(
            r#"{"type":"/problems/invalid-request","title":"The request is not valid","#,
            r#""status":400,"detail":"Two fields are wrong.","code":"invalid_request","#,
            r#""instance":"/jobs/00000000-0000-0000-0000-000000000007","#,
            r#""errors":[{"field":"user_id","message":"is required"},"#,
            r#"{"field":"a\"b\u0000","message":"is not a known field"}],"#,
            r#""retry":"no","job":"/jobs/x","retry_after":7}"#
        )
    );
}

#[test]
fn the_first_20_errors_are_listed_and_the_others_counted() {
    let of = |count: usize| {
        let error = |index| FieldError { field: format!("f{index}"), message: "is bad".to_owned() };
        let problem = Problem::invalid((0..count).map(error).collect());
        let last = problem.errors.last().map(|error| error.field.clone());
        (problem.detail, problem.errors.len(), last, problem.extra.get("more_errors").cloned())
    };
    let last = |name: &str| Some(name.to_owned());
    assert_eq!(of(1), ("f0 is bad.".to_owned(), 1, last("f0"), None));
    let detail = "20 fields are not valid: see errors.".to_owned();
    assert_eq!(of(20), (detail, 20, last("f19"), None));
    let detail = "21 fields are not valid: errors has the first 20.".to_owned();
    assert_eq!(of(21), (detail, 20, last("f19"), Some(1.into())));
    assert_eq!(of(9_000).3, Some(8_980.into()));
}

#[test]
fn advice_is_one_of_three_words() {
    for (advice, word) in [(SameKey, "same_key"), (NewKey, "new_key"), (No, "no")] {
        assert_eq!(serde_json::to_string(&advice).unwrap(), format!("\"{word}\""));
    }
}

#[test]
fn every_kind_is_described_in_sentences() {
    for kind in ProblemKind::ALL {
        for text in [kind.meaning(), kind.cure()] {
            assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
            // The pages do not escape them.
            assert!(!text.contains(['<', '&']), "{text}");
        }
    }
}

#[test]
fn every_kind_has_an_example_and_a_path_of_its_own() {
    for kind in ProblemKind::ALL {
        assert_eq!(kind.example().code, kind.code());
        assert_eq!(ProblemKind::of_path(&kind.example().type_uri), Some(*kind));
    }
    for path in ["", "/problems", "/problems/", "/problems/user_not_found", "user-not-found"] {
        assert_eq!(ProblemKind::of_path(path), None, "{path}");
    }
}
