//! docs/SETTINGS.md is the one table of settings. It is held to what the programs themselves say.

use clap::{Arg, Command, CommandFactory};
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../../docs/SETTINGS.md");

/// What the page says of a setting, and what the programs say.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    read_by: &'static str,
    default: String,
    meaning: String,
}

fn of_page() -> BTreeMap<String, Setting> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{row}");
        let [variable, read_by, default, _range, meaning] = cells[..] else { return None };
        let read_by = ["both", "api", "worker"].into_iter().find(|who| *who == read_by);
        let setting = Setting {
            read_by: read_by.unwrap_or("nobody"),
            default: default.trim_matches('`').to_owned(),
            meaning: meaning.replace('`', ""),
        };
        Some((variable.trim_matches('`').to_owned(), setting))
    })
    .collect()
}

fn of_programs() -> BTreeMap<String, Setting> {
    let mut settings = BTreeMap::new();
    let programs: [(&str, Command); 2] =
        [("api", api::cli::Cli::command()), ("worker", worker::settings::Cli::command())];
    for (program, command) in programs {
        for (variable, arg) in command.get_arguments().filter_map(variable) {
            let read_by = if settings.contains_key(&variable) { "both" } else { program };
            let setting = Setting { read_by, default: default(arg), meaning: meaning(arg) };
            settings.insert(variable, setting);
        }
    }
    settings
}

fn variable(arg: &Arg) -> Option<(String, &Arg)> {
    Some((arg.get_env()?.to_str()?.to_owned(), arg))
}

fn default(arg: &Arg) -> String {
    match arg.get_default_values() {
        [] if arg.is_required_set() => "required".to_owned(),
        [] => "none".to_owned(),
        [value, ..] => value.to_string_lossy().into_owned(),
    }
}

fn meaning(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default().replace('`', "")
}

#[test]
fn the_page_lists_every_setting_as_the_programs_do() {
    let (page, programs) = (of_page(), of_programs());
    for (variable, setting) in &programs {
        assert_eq!(page.get(variable), Some(setting), "{variable}");
    }
    let unknown: Vec<_> = page.keys().filter(|v| !programs.contains_key(*v)).collect();
    assert!(unknown.is_empty(), "no program reads {unknown:?}");
}
