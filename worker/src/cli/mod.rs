//! What an operator can ask of the program beside working.

pub mod jobs;
