//! A fault campaign: a whole cluster of the product under load, a nemesis that breaks one thing
//! after the other, and a checker that reads the whole history and judges it.
//!
//! Read [`campaign`] first: it runs one campaign from start to end. [`checker`] is pure: it judges
//! a history without regard to how it was made.

pub mod campaign;
pub mod checker;
pub mod client;
pub mod cluster;
pub mod history;
pub mod nemesis;
pub mod options;
pub mod progress;
pub mod recovery;
pub mod report;
