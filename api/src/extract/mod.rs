//! Everything that is read from a request: its caller, headers, path, query and body.

mod api_key;
mod authentication_failure;
mod body;
mod caller;
mod client_address;
mod content;
mod decimal;
mod entity_tag;
mod field_errors;
mod forwarded;
mod idempotency_key;
mod named_user;
mod page;
mod path;
mod prefer;
mod query;
mod quoted;
mod received;
mod repeated;

pub(crate) use api_key::ApiKey;
pub(crate) use body::{Fields, command_fields, fields};
pub(crate) use caller::{Administrator, Caller, Operator, Reader, authenticate};
pub(crate) use client_address::{bucket, client_address};
pub(crate) use content::is_form;
pub(crate) use decimal::decimal;
pub(crate) use entity_tag::is_known_tag;
pub(crate) use idempotency_key::idempotency_key;
pub(crate) use named_user::NamedUser;
pub(crate) use page::{page_limit, page_start, place};
pub(crate) use path::{PathParameter, parse_id};
pub(crate) use prefer::{Prefer, WAIT_MAX};
pub(crate) use query::{invalid_parameter, query};
pub(crate) use received::{LargeBodies, read_body};
