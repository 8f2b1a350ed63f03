//! What a body must have of several members, and whether there must be one. It follows from the
//! members that a type has, so that no type describes it; the type itself refuses what is wrong.

use domain::USER_MEMBERS;
use serde_json::{Value, json};
use std::collections::HashSet;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema};
use utoipa::openapi::{OpenApi, RefOr, Required};

/// Completes the schemas of bodies, and says which bodies may be left out.
pub(super) fn describe(document: &mut OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|all| all.schemas.iter_mut());
    let mut empty = HashSet::new();
    for (name, schema) in schemas {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        if is_body(object) {
            complete(object);
            empty.extend(
                object.properties.is_empty().then(|| format!("#/components/schemas/{name}")),
            );
        }
    }
    let posts = document.paths.paths.values_mut().filter_map(|path| path.post.as_mut());
    for body in posts.filter_map(|post| post.request_body.as_mut()) {
        if schema_of(body).is_some_and(|place| empty.contains(place)) {
            body.required = Some(Required::False);
        }
    }
}

/// Where the schema of a body stands.
fn schema_of(body: &RequestBody) -> Option<&str> {
    match body.content.get("application/json")?.schema.as_ref()? {
        RefOr::Ref(schema) => Some(&schema.ref_location),
        RefOr::T(_) => None,
    }
}

/// Only bodies have no members but those that are named.
fn is_body(object: &Object) -> bool {
    let others = object.additional_properties.as_deref();
    matches!(others, Some(AdditionalProperties::FreeForm(false)))
}

fn complete(object: &mut Object) {
    let has = |name: &str| object.properties.contains_key(name);
    let pair = USER_MEMBERS.into_iter().find(|pair| pair.iter().all(|name| has(name)));
    if let Some(pair) = pair {
        let one_of: Value = pair.iter().map(|name| json!({ "required": [name] })).collect();
        let rule = [("oneOf", one_of)].into_iter().collect();
        object.extensions.get_or_insert_default().merge(rule);
    } else if object.required.is_empty() {
        object.min_properties = (!object.properties.is_empty()).then_some(1);
    }
}
