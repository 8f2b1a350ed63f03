//! Which scenarios there are, and which are wanted.

use super::pgbench::Script;
use super::{SATURATION, Scenario, Work};
use crate::stack::Servers;

/// The scenarios of a round in their order: product and references by turns, so that what drifts on
/// the machine hits both.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut add = |name: &str, servers, work| {
        all.push(Scenario { name: name.to_owned(), servers, work });
    };
    let product = Servers::Product { workers: 1 };
    let subscribe = |clients| Work::Subscribe { clients };
    let pgbench = |script, clients| Work::Pgbench { script, clients };
    for clients in [1, 16, 64] {
        add(&format!("sync-{clients}"), Servers::Sync, subscribe(clients));
    }
    add("sync-read-16", Servers::Sync, Work::Read { clients: 16 });
    for clients in [1, 4, 16, 64, 128, 256] {
        add(&format!("subscribe-{clients}"), product, subscribe(clients));
    }
    add("pgbench-commit-1", Servers::None, pgbench(Script::Commit, 1));
    for clients in [1, 16, 64] {
        add(&format!("pgbench-one-{clients}"), Servers::None, pgbench(Script::One, clients));
    }
    for percent in [20, 40, 60, 70, 80, 90] {
        add(&format!("open-{percent}"), product, Work::OpenLoop { percent });
    }
    for clients in [1, 16, 64] {
        let work = pgbench(Script::Separate, clients);
        add(&format!("pgbench-separate-{clients}"), Servers::None, work);
    }
    add("mixed-64", product, Work::Mixed { clients: 64 });
    add("replay-16", product, Work::Replay { clients: 16 });
    add("read-16", product, Work::Read { clients: 16 });
    for clients in [1, 16, 64] {
        add(&format!("echo-{clients}"), Servers::Echo, subscribe(clients));
    }
    add("echo-read-16", Servers::Echo, Work::Read { clients: 16 });
    add("accept-64", Servers::Product { workers: 0 }, Work::Accept);
    add("drain", Servers::Product { workers: 0 }, Work::Drain);
    add("redis-script", Servers::None, Work::RedisScript);
    for clients in [16, 64] {
        let work = pgbench(Script::Original, clients);
        add(&format!("pgbench-original-{clients}"), Servers::None, work);
    }
    for clients in [1, 64] {
        let work = pgbench(Script::OriginalSeparate, clients);
        add(&format!("pgbench-original-separate-{clients}"), Servers::None, work);
    }
    for workers in [2, 3] {
        for clients in [64, 256] {
            let name = format!("workers-{workers}-{clients}");
            add(&name, Servers::Product { workers }, subscribe(clients));
        }
    }
    for workers in [1, 2, 4, 8] {
        add(&format!("distant-{workers}-256"), Servers::Distant { workers }, subscribe(256));
    }
    add("rest", product, Work::Rest);
    all
}

/// Those of a name of `only`, or that begin with it if none has it, and what they build on.
pub(crate) fn chosen(only: &[String]) -> Vec<Scenario> {
    let all = all();
    if only.is_empty() {
        return all;
    }
    let is_whole = |name: &String| all.iter().any(|scenario| scenario.name == *name);
    let wanted = |scenario: &Scenario| {
        let begins = |name: &String| scenario.name.starts_with(name) && !is_whole(name);
        only.iter().any(|name| scenario.name == *name || begins(name))
    };
    let any = |kind: fn(&Work) -> bool| all.iter().any(|s| wanted(s) && kind(&s.work));
    let open = any(|work| matches!(work, Work::OpenLoop { .. }));
    let drain = any(|work| matches!(work, Work::Drain));
    let needed = |scenario: &Scenario| {
        (open && scenario.name == SATURATION) || (drain && scenario.work == Work::Accept)
    };
    all.iter().filter(|scenario| wanted(scenario) || needed(scenario)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let all = all();
        let names: std::collections::BTreeSet<_> = all.iter().map(|s| &s.name).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn what_a_scenario_builds_on_is_run_too() {
        let names = |only: &str| -> Vec<String> {
            chosen(&[only.to_owned()]).into_iter().map(|s| s.name).collect()
        };
        assert_eq!(names("drain"), ["accept-64", "drain"]);
        assert_eq!(names("open-7"), ["subscribe-64", "open-70"]);
        assert_eq!(names("subscribe-1"), ["subscribe-1"]);
        assert!(names("nonsense").is_empty());
    }
}
