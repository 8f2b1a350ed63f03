//! What a body must have of several members. It follows from the members that a type has, so that
//! no type describes it; the type itself refuses what is wrong.

use domain::USER_MEMBERS;
use serde_json::{Value, json};
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema};
use utoipa::openapi::{OpenApi, RefOr};

/// Completes the schemas of bodies.
pub(super) fn describe(document: &mut OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|all| all.schemas.values_mut());
    for schema in schemas {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        if is_body(object) {
            complete(object);
        }
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
