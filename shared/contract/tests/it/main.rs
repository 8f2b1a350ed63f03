//! What clients see, held to what `docs/API.md` says of it, to the byte.

mod money;
mod problem;
mod refusal;
mod view;
