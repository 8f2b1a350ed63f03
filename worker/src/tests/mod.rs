//! Tests of what a batch comes to, by the rules alone (`decide_all`) and in Postgres (`apply`), and
//! of the due lane (`lane`).

mod apply;
mod attempts;
mod decide_all;
mod lane;
mod outages;
