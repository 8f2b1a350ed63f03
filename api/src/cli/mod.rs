//! What an operator can ask of the program beside serving.

pub mod keys;
