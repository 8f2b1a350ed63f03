//! The pages that the `type` of a problem names. They need no key, because they are the same for
//! everybody.

pub(crate) mod list;
mod page;
pub(crate) mod show;
