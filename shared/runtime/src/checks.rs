//! The one list of what is wrong or doubtful at a start, each line with its cure. What is wrong
//! keeps a program from starting. Pure: others ask for the facts.

use crate::settings::Durability;
use chrono::TimeDelta;
use domain::Instant;
use queue::RedisFacts;
use std::fmt;
use store::PostgresFacts;

/// Clocks that are further apart than this are told of.
const APART_MAX: TimeDelta = TimeDelta::seconds(5);

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it keeps the program from starting.
    pub is_wrong: bool,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks(pub Vec<Finding>);

impl Checks {
    /// Whether the program cannot start.
    #[must_use]
    pub fn refuse(&self) -> bool {
        self.0.iter().any(|finding| finding.is_wrong)
    }

    /// Adds what keeps the program from starting.
    pub fn wrong(&mut self, what: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding { is_wrong: true, what: what.into(), cure: cure.into() });
    }

    /// Adds what may go wrong later.
    pub fn doubtful(&mut self, what: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding { is_wrong: false, what: what.into(), cure: cure.into() });
    }

    /// Looks at a URL. It is not shown, because it may have a password.
    pub fn url(&mut self, name: &str, url: &str, schemes: &[&str], example: &str) {
        if url.trim().is_empty() {
            self.wrong(format!("{name} is empty"), format!("set it, such as {example}"));
        } else if !schemes.iter().any(|scheme| url.starts_with(&format!("{scheme}://"))) {
            let schemes = schemes.join("://, ");
            let what = format!("{name} does not begin with {schemes}://");
            self.wrong(what, format!("set it to a URL such as {example}"));
        }
    }

    /// Judges what Postgres says. `host` is the clock of this host at that time.
    pub fn postgres(
        &mut self,
        facts: &PostgresFacts,
        connections_max: u32,
        durability: Durability,
        host: Instant,
    ) {
        if facts.version < 130_000 {
            let what = format!("Postgres is of version {}", facts.version / 10_000);
            self.doubtful(what, "use 15 or later, which this was tested with");
        }
        if facts.encoding != "UTF8" {
            let what = format!("the database has the encoding {}", facts.encoding);
            self.wrong(what, "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
        }
        if !facts.lacks.is_empty() {
            let what = format!("Postgres role {} lacks {}", facts.role, facts.lacks.join(", "));
            self.wrong(what, "GRANT it; for tables that are not there, run `worker migrate`");
        }
        if facts.read_only != "off" {
            let what = "Postgres takes no writes: it is a standby, or set to be read only";
            self.doubtful(what, "use the address of the primary in DATABASE_URL");
        }
        self.durability(facts, durability);
        self.connections(facts, connections_max);
        self.clocks("this host", host, "Postgres", facts.now);
    }

    /// Every promise rests on what Postgres has committed.
    fn durability(&mut self, facts: &PostgresFacts, durability: Durability) {
        for (name, value, is_needed, risk) in [
            ("fsync", &facts.fsync, true, "a crash can destroy the database"),
            ("synchronous_commit", &facts.synchronous_commit, true, "a crash can undo answers"),
            (
                "full_page_writes",
                &facts.full_page_writes,
                false,
                "a crash can destroy the database",
            ),
        ] {
            if value == "off" {
                let what = format!("Postgres has {name} off: {risk}");
                let is_wrong = is_needed && durability == Durability::Required;
                let cure = if is_wrong {
                    "set it to on, or DATABASE_DURABILITY=waived for a trial"
                } else {
                    "set it to on"
                };
                self.0.push(Finding { is_wrong, what, cure: cure.to_owned() });
            }
        }
    }

    /// Adds up the connections. One of those in use is the one that asked.
    fn connections(&mut self, facts: &PostgresFacts, wanted: u32) {
        let role = format!("role {}", facts.role);
        for (whose, limit, used, cure) in [
            (role.as_str(), facts.role_limit, facts.role_used, "ALTER ROLE … CONNECTION LIMIT"),
            (
                "the database",
                facts.database_limit,
                facts.database_used,
                "ALTER DATABASE … CONNECTION LIMIT",
            ),
            ("everybody", facts.server_limit, facts.server_used, "max_connections"),
        ] {
            let others = (used - 1).max(0);
            let left = i64::from(limit) - others;
            if limit >= 0 && left < i64::from(wanted) {
                let what = format!(
                    "Postgres allows {whose} {limit} connections, of which {others} are in use, \
                     and this process may need {wanted} (DATABASE_CONNECTIONS_MAX)"
                );
                self.doubtful(what, format!("raise {cure}, or lower DATABASE_CONNECTIONS_MAX"));
            }
        }
    }

    /// Judges what Redis says. `postgres` is the clock of Postgres at that time.
    pub fn redis(&mut self, facts: &RedisFacts, postgres: Option<Instant>) {
        if let Some(version) = facts.version.as_deref().filter(|version| is_old(version)) {
            self.wrong(format!("Redis is of version {version}"), "use 6.2 or later");
        }
        if !facts.lacks.is_empty() {
            let rights = facts.lacks.join(" ");
            let cure = "add them with ACL SETUSER; docs/OPERATIONS.md has all of them";
            self.wrong(format!("the user in REDIS_URL lacks the rights {rights}"), cure);
        }
        for (name, good, risk) in [
            ("appendonly", &["yes"][..], "all jobs under way are lost when it stops"),
            ("appendfsync", &["everysec", "always"], "many jobs under way are lost in a power cut"),
            ("maxmemory-policy", &["noeviction"], "jobs under way can be evicted"),
        ] {
            let found = facts.settings.iter().find(|(setting, _)| setting == name);
            if let Some((_, value)) = found.filter(|(_, value)| !good.contains(&value.as_str())) {
                let cure = format!("set it to {}", good.join(" or "));
                self.doubtful(format!("Redis has {name} {value}: {risk}"), cure);
            }
        }
        if let (Some(redis), Some(postgres)) = (facts.now, postgres) {
            self.clocks("Redis", redis, "Postgres", postgres);
        }
    }

    fn clocks(&mut self, one: &str, at: Instant, other: &str, at_other: Instant) {
        let apart = at - at_other;
        if apart.abs() > APART_MAX {
            let seconds = apart.abs().num_seconds();
            let word = if apart > TimeDelta::zero() { "ahead of" } else { "behind" };
            let what = format!("the clock of {one} is {seconds} s {word} that of {other}");
            self.doubtful(what, "set both by NTP");
        }
    }
}

/// Whether it is a version before 6.2.
fn is_old(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = parts.next().map(|major| (major, parts.next().unwrap_or(0)));
    found.is_some_and(|found| found < (6, 2))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = if self.is_wrong { "wrong" } else { "doubtful" };
        let Self { what, cure, .. } = self;
        write!(f, "{weight}: {what}\n    {cure}")
    }
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What keeps it from starting comes first.
        let (wrong, doubtful): (Vec<_>, Vec<_>) = self.0.iter().partition(|found| found.is_wrong);
        for finding in wrong.into_iter().chain(doubtful) {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres() -> PostgresFacts {
        PostgresFacts {
            version: 150_004,
            encoding: "UTF8".to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            synchronous_commit: "on".to_owned(),
            read_only: "off".to_owned(),
            now: Instant::UNIX_EPOCH,
            role: "shop".to_owned(),
            role_limit: -1,
            role_used: 1,
            database_limit: -1,
            database_used: 1,
            server_limit: 97,
            server_used: 5,
            lacks: Vec::new(),
        }
    }

    fn judged(facts: &PostgresFacts, host: Instant) -> Checks {
        let mut checks = Checks::default();
        checks.postgres(facts, 8, Durability::Required, host);
        checks
    }

    #[test]
    fn nothing_is_said_of_what_is_well() {
        let at = Instant::UNIX_EPOCH + TimeDelta::seconds(4);
        assert_eq!(judged(&postgres(), at), Checks::default());
    }

    #[test]
    fn each_doubt_and_each_defect_has_a_line_with_its_cure() {
        let at = Instant::UNIX_EPOCH;
        for (facts, host, is_wrong, said) in [
            (PostgresFacts { encoding: "LATIN1".into(), ..postgres() }, at, true, "LATIN1"),
            (PostgresFacts { lacks: vec!["X".into()], ..postgres() }, at, true, "shop lacks X"),
            (PostgresFacts { fsync: "off".into(), ..postgres() }, at, true, "fsync off"),
            (
                PostgresFacts { synchronous_commit: "off".into(), ..postgres() },
                at,
                true,
                "DATABASE_DURABILITY=waived",
            ),
            (
                PostgresFacts { full_page_writes: "off".into(), ..postgres() },
                at,
                false,
                "full_page_writes off",
            ),
            (PostgresFacts { role_limit: 6, ..postgres() }, at, false, "role shop 6 connections"),
            (
                PostgresFacts { database_limit: 9, database_used: 3, ..postgres() },
                at,
                false,
                "2 are",
            ),
            (PostgresFacts { server_used: 91, ..postgres() }, at, false, "everybody 97"),
            (postgres(), at - TimeDelta::minutes(5), false, "300 s behind"),
            (postgres(), at + TimeDelta::minutes(5), false, "300 s ahead"),
        ] {
            let checks = judged(&facts, host);
            assert_eq!(checks.0.len(), 1, "{checks}");
            assert_eq!(checks.refuse(), is_wrong, "{checks}");
            assert!(checks.to_string().contains(said), "{said}: {checks}");
        }
    }

    #[test]
    fn a_postgres_that_may_lose_things_is_taken_only_on_demand() {
        let lax =
            PostgresFacts { fsync: "off".into(), synchronous_commit: "off".into(), ..postgres() };
        for (durability, refused) in [(Durability::Required, true), (Durability::Waived, false)] {
            let mut checks = Checks::default();
            checks.postgres(&lax, 8, durability, Instant::UNIX_EPOCH);
            assert_eq!((checks.0.len(), checks.refuse()), (2, refused), "{checks}");
        }
    }

    #[test]
    fn a_redis_that_forgets_more_than_a_second_is_doubtful() {
        for (name, value, is_doubtful) in [
            ("appendfsync", "everysec", false),
            ("appendfsync", "always", false),
            ("appendfsync", "no", true),
            ("appendonly", "yes", false),
            ("appendonly", "no", true),
            ("maxmemory-policy", "allkeys-lru", true),
        ] {
            let settings = vec![(name.to_owned(), value.to_owned())];
            let mut checks = Checks::default();
            checks.redis(&RedisFacts { settings, ..RedisFacts::default() }, None);
            assert_eq!((checks.0.len() == 1, checks.refuse()), (is_doubtful, false), "{checks}");
        }
    }

    #[test]
    fn old_servers_and_wrong_urls_are_refused_without_showing_them() {
        for (version, old) in [("6.0.16", true), ("6.2", false), ("7.0.15", false), ("x", false)] {
            let mut checks = Checks::default();
            let version = Some(version.to_owned());
            checks.redis(&RedisFacts { version, ..RedisFacts::default() }, None);
            assert_eq!(checks.refuse(), old, "{checks}");
        }
        for (url, wrong) in [("", true), ("redis://h", false), ("http://u:hidden@h", true)] {
            let mut checks = Checks::default();
            checks.url("REDIS_URL", url, &["redis", "rediss"], "redis://localhost");
            assert_eq!(checks.refuse(), wrong, "{checks}");
            assert!(!checks.to_string().contains("hidden"), "{checks}");
        }
    }
}
