//! Problems as responses of the document. Their examples are made by the code that answers.

use contract::ProblemKind;
use std::collections::BTreeMap;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

/// The responses of `kinds`, one for each status.
pub(super) fn by_status(kinds: &[ProblemKind]) -> BTreeMap<String, Response> {
    let mut statuses = BTreeMap::<u16, Vec<ProblemKind>>::new();
    for kind in kinds {
        statuses.entry(kind.status()).or_default().push(*kind);
    }
    let one = |(status, kinds): (u16, Vec<_>)| (status.to_string(), response(&kinds));
    statuses.into_iter().map(one).collect()
}

/// A response that is one of `kinds`, with an example of each.
pub(super) fn response(kinds: &[ProblemKind]) -> Response {
    let titles: Vec<_> = kinds.iter().map(|kind| format!("{}.", kind.example().title)).collect();
    let examples = kinds.iter().map(|kind| {
        let value = serde_json::to_value(kind.example()).ok();
        (kind.code(), ExampleBuilder::new().summary(kind.meaning()).value(value).build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(examples);
    ResponseBuilder::new()
        .description(titles.join(" "))
        .content("application/problem+json", content.build())
        .build()
}
