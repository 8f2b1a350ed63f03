//! What tests of several crates start and use.
