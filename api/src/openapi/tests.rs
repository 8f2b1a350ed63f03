//! The document tells the truth, and its copy in the repository is the one that is served.

use super::DOCUMENT;
use contract::ProblemKind;
use serde_json::Value;
use std::{env, fs};

const COPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

#[test]
fn the_copy_in_the_repository_is_what_is_served() {
    let served = format!("{}\n", *DOCUMENT);
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(COPY, &served).unwrap();
    }
    let refresh = "UPDATE_OPENAPI=1 cargo test -p api --lib openapi";
    assert!(fs::read_to_string(COPY).unwrap_or_default() == served, "refresh it by {refresh}");
}

#[test]
fn every_problem_has_the_example_that_the_code_makes() {
    let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
    for kind in ProblemKind::ALL {
        let code = kind.code();
        let response = &document["components"]["responses"][code];
        let content = &response["content"]["application/problem+json"];
        let example = serde_json::to_value(kind.example()).unwrap();
        assert_eq!(content["examples"][code]["value"], example);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
    let mut values = vec![&document];
    while let Some(value) = values.pop() {
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(members) => {
                values.extend(members.values());
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.trim_start_matches('#');
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
            }
            _ => {}
        }
    }
}
