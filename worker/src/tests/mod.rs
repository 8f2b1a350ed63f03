//! Tests of what a batch comes to, by the rules alone (`decide_all`) and in Postgres (`apply`), and
//! of the due lane (`lane`), of test clocks that are moved (`leaps`), and of what providers are
//! asked (`payments`).

mod apply;
mod attempts;
mod decide_all;
mod lane;
pub(crate) mod leaps;
mod outages;
mod payments;
