//! The difference between what a client sells and a catalogue, as a list to read.

use domain::{Plan, Terms};
use std::fmt;
use store::plans::Put;

/// What came, or would come, of the plans of a file.
pub(super) struct Difference<'a> {
    /// The plans of the file.
    pub(super) puts: &'a [Put],
    /// All plans before.
    pub(super) before: &'a [Plan],
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Put { before, plan } in self.puts {
            let code = plan.code.as_str();
            match before {
                None => writeln!(f, "+ {code}: new, {}", written(&plan.terms))?,
                Some(before) if before == plan => writeln!(f, "= {code}: as it is")?,
                Some(before) => writeln!(f, "~ {code}: {}", changes(before, plan).join(", "))?,
            }
        }
        let named = |plan: &&Plan| self.puts.iter().any(|put| put.plan.code == plan.code);
        for plan in self.before.iter().filter(|plan| !named(plan)) {
            let retired = if plan.retired_at.is_some() { ", retired" } else { "" };
            writeln!(f, "  {}: not in the file, left alone{retired}", plan.code.as_str())?;
        }
        Ok(())
    }
}

/// Everything in which they differ.
fn changes(before: &Plan, now: &Plan) -> Vec<String> {
    let mut changes = Vec::new();
    if before.retired_at != now.retired_at {
        changes.push("on sale again".to_owned());
    }
    if before.version != now.version {
        let (old, new) = (written(&before.terms), written(&now.terms));
        changes.push(format!("version {}, {old} -> {new}", now.version));
    }
    let (old, new) = (&before.details, &now.details);
    for (name, old, new) in [
        ("name", &old.name, &new.name),
        ("tier", &old.tier, &new.tier),
        ("tier_rank", &old.tier_rank.to_string(), &new.tier_rank.to_string()),
        ("features", &format!("{:?}", old.features), &format!("{:?}", new.features)),
    ] {
        if old != new {
            changes.push(format!("{name} {old} -> {new}"));
        }
    }
    changes
}

/// The terms in one line. The amount is in the smallest unit, as everywhere.
fn written(Terms { interval, price, trial_days, grace_days }: &Terms) -> String {
    format!(
        "{} {} a {}, trial {trial_days} d, grace {grace_days} d",
        price.amount,
        price.currency.as_str(),
        interval.as_str()
    )
}
