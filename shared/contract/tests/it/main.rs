//! What clients see, held to what `docs/API.md` says of it, to the byte.

#![expect(clippy::unwrap_used, reason = "what cannot be written fails its test, as it should")]

mod problem;
mod refusal;
mod view;
