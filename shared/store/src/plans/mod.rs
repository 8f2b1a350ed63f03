//! The plans of a client: what is read of them, and the direct write of one.

mod list;
mod put;
mod retire;

pub use list::{Page, PageOf, client_named, find, list};
pub use put::{Put, Wanted, put};
pub(crate) use retire::write_retired;
