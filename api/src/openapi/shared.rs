//! What all submissions have in common in the document, and what all reads have.

use super::{headers, problems};
use crate::state::ApiState;
use contract::ProblemKind;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

/// The problems of every request that needs an API key.
const OF_ALL: &[ProblemKind] = &[
    ProblemKind::HeaderRepeated,
    ProblemKind::Unauthenticated,
    ProblemKind::InsufficientScope,
    ProblemKind::OriginNotAllowed,
    ProblemKind::HostNotAllowed,
    ProblemKind::TooManyFailedAuthentications,
    ProblemKind::Internal,
    ProblemKind::StorageUnavailable,
];

/// The problems of every request that needs no API key.
const OF_THE_UNKNOWN: &[ProblemKind] = &[
    ProblemKind::HeaderRepeated,
    ProblemKind::OriginNotAllowed,
    ProblemKind::HostNotAllowed,
    ProblemKind::Internal,
    ProblemKind::StorageUnavailable,
];

/// The problems of every request with a body.
const OF_BODIES: &[ProblemKind] = &[
    ProblemKind::MalformedJson,
    ProblemKind::InvalidRequest,
    ProblemKind::PayloadTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::UnsupportedContentEncoding,
];

/// The further problems of every submission. Those of keys and bodies come before admission.
const OF_SUBMISSIONS: &[ProblemKind] = &[
    ProblemKind::IdempotencyKeyMissing,
    ProblemKind::IdempotencyKeyInvalid,
    ProblemKind::IdempotencyKeyReused,
    ProblemKind::RateLimited,
    ProblemKind::QueueFull,
    ProblemKind::QueueUnavailable,
    ProblemKind::ProcessingFailed,
];

/// Completes the description of a command that can be refused as `refusals`.
pub(crate) fn submission(
    routes: UtoipaMethodRouter<ApiState>,
    refusals: &[ProblemKind],
) -> UtoipaMethodRouter<ApiState> {
    each_operation(routes, |operation| {
        operation.parameters.get_or_insert_default().extend(headers::of_submission());
        add(operation, [("202".to_owned(), accepted())]);
        add(
            operation,
            problems::by_status(&[refusals, OF_BODIES, OF_SUBMISSIONS, OF_ALL].concat()),
        );
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            if !matches!(status.as_str(), "400" | "401" | "413" | "415" | "421" | "500") {
                headers::describe(status, response);
            }
        }
    })
}

/// Completes the description of a read that can end in `problems`.
pub(crate) fn read(
    routes: UtoipaMethodRouter<ApiState>,
    problems: &[ProblemKind],
) -> UtoipaMethodRouter<ApiState> {
    each_operation(routes, |operation| {
        add(operation, problems::by_status(&[problems, OF_ALL].concat()));
    })
}

/// Completes the description of a read whose answer may be kept, and asked for again by its tag.
pub(crate) fn kept(routes: UtoipaMethodRouter<ApiState>) -> UtoipaMethodRouter<ApiState> {
    each_operation(routes, |operation| {
        operation.parameters.get_or_insert_default().push(headers::of_kept());
        let known = ResponseBuilder::new().description("The answer is what is known.").build();
        add(operation, [("304".to_owned(), known)]);
        if let Some(RefOr::T(shown)) = operation.responses.responses.get_mut("200") {
            headers::describe_kept(shown);
        }
    })
}

/// Completes the description of a direct write that can end in `problems`.
pub(crate) fn direct_write(
    routes: UtoipaMethodRouter<ApiState>,
    problems: &[ProblemKind],
) -> UtoipaMethodRouter<ApiState> {
    each_operation(routes, |operation| {
        add(operation, problems::by_status(&[problems, OF_BODIES, OF_ALL].concat()));
    })
}

/// Completes the description of what needs no API key and can end in `problems`.
pub(crate) fn unauthenticated(
    routes: UtoipaMethodRouter<ApiState>,
    problems: &[ProblemKind],
) -> UtoipaMethodRouter<ApiState> {
    each_operation(routes, |operation| {
        operation.security = Some(Vec::new());
        add(operation, problems::by_status(&[problems, OF_THE_UNKNOWN].concat()));
    })
}

fn accepted() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("JobView"))).build();
    ResponseBuilder::new()
        .description("The job, which goes on. Poll the path in Location.")
        .content("application/json", content)
        .build()
}

fn add(operation: &mut Operation, responses: impl IntoIterator<Item = (String, Response)>) {
    let responses = responses.into_iter().map(|(status, response)| (status, RefOr::T(response)));
    operation.responses.responses.extend(responses);
}

fn each_operation(
    (schemas, mut paths, router): UtoipaMethodRouter<ApiState>,
    describe: impl Fn(&mut Operation),
) -> UtoipaMethodRouter<ApiState> {
    for PathItem { get, post, put, .. } in paths.paths.values_mut() {
        [get, post, put].into_iter().flatten().for_each(&describe);
    }
    (schemas, paths, router)
}
