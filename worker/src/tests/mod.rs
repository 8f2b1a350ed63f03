//! Tests of what a batch comes to, by the rules alone (`decide_all`) and in Postgres (`apply`), and
//! of the due lane (`lane`), and of test clocks that are moved (`leaps`).

mod apply;
mod attempts;
mod decide_all;
mod lane;
mod leaps;
mod outages;
