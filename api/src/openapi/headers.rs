//! The headers of submissions, of reads that may be kept, and of their responses.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, Required, Response, Type};

/// The headers of every response to a submission that reached admission.
const ADMITTED: [(&str, &str); 7] = [
    ("RateLimit", "The tokens left, in the form of the current draft."),
    ("RateLimit-Limit", "The tokens of a full bucket."),
    ("RateLimit-Policy", "The rate limit, in the form of the current draft."),
    ("RateLimit-Remaining", "The tokens left."),
    ("RateLimit-Reset", "The seconds until the bucket has more tokens."),
    ("Idempotent-Replayed", "`true` when an earlier request began the job."),
    ("Preference-Applied", "The preferences that were applied."),
];

/// The headers of an answer that may be kept.
const KEPT: [(&str, &str); 2] = [
    ("ETag", "It is another when the answer is."),
    ("Cache-Control", "For how long it may be kept."),
];

/// Adds the headers that a response with `status` to an admitted submission can have.
pub(super) fn describe(status: &str, response: &mut Response) {
    let location = (status == "202").then_some(("Location", "The path of the job."));
    let waits = matches!(status, "202" | "429" | "503");
    let retry = waits.then_some(("Retry-After", "The seconds after which to ask again."));
    add(response, ADMITTED.into_iter().chain(location).chain(retry));
}

/// Adds the headers of an answer that may be kept.
pub(super) fn describe_kept(response: &mut Response) {
    add(response, KEPT);
}

fn add(response: &mut Response, headers: impl IntoIterator<Item = (&'static str, &'static str)>) {
    for (name, description) in headers {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new().schema(text).description(Some(description));
        response.headers.insert(name.to_owned(), header.build());
    }
}

/// The header by which an answer is asked for again that is kept.
pub(super) fn of_kept() -> Parameter {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The `ETag` of what is known."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

/// The headers that a submission can have.
pub(super) fn of_submission() -> [Parameter; 2] {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"));
    let prefer = ObjectBuilder::new().schema_type(Type::String).examples(["wait=5"]);
    [
        ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("One key for each intent. A retry with it gets the first answer."))
            .schema(Some(key))
            .build(),
        ParameterBuilder::new()
            .name("Prefer")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("`respond-async`, or `wait=` and at most 30 seconds (RFC 7240)."))
            .schema(Some(prefer))
            .build(),
    ]
}
