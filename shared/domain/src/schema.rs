//! Schemas of values that are parsed: what a schema allows is what its type accepts.

use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Schema};
use utoipa::openapi::{KnownFormat, SchemaFormat, Type};

/// The schema of the id of a row.
pub(crate) fn row_id() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(1))
        .examples([42])
}

/// The schema of a text with an example.
pub(crate) fn text(example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).examples([example])
}

/// The schema of an instant.
pub(crate) fn instant() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    let text = text("2026-01-31T08:00:00Z").format(Some(format));
    text.pattern(Some("^(19[7-9][0-9]|[2-9][0-9]{3})-")).build()
}

/// The schema of a list of at most `most` different texts of at most `length` characters.
pub(crate) fn texts(most: usize, length: usize) -> Array {
    let text = text("priority-support").min_length(Some(1)).max_length(Some(length));
    let text = text.pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"));
    ArrayBuilder::new().items(text).max_items(Some(most)).unique_items(true).build()
}

/// The schema of at most `most` pairs of a name and a value of at most these lengths.
pub(crate) fn pairs(name_length_max: usize, value_length_max: usize, most: usize) -> Object {
    let text = |length_max| {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(length_max));
        Schema::Object(text.pattern(Some(r"^[^\u0000]*$")).build())
    };
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(text(value_length_max)))
        .property_names(Some(text(name_length_max)))
        .max_properties(Some(most))
        .build()
}

/// The schema of a number of months from `least` to `most`.
pub(crate) fn months(least: u32, most: u32) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some("A term in months. Leave it out for the default."))
        .minimum(Some(least))
        .maximum(Some(most))
        .examples([12])
        .build()
}
