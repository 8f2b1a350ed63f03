//! A catalogue of plans as a file of TOML.

use domain::{PlanCode, PlanSpec};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::collections::BTreeMap;
use store::plans::Wanted;

/// The file: a table of each plan under its code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    plans: BTreeMap<NewCode, PlanSpec>,
}

/// The code of a plan as a key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct NewCode(PlanCode);

impl<'de> Deserialize<'de> for NewCode {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let code = PlanCode::of_new_plan(&text);
        code.map(Self).map_err(|error| D::Error::custom(format!("the code of a plan {error}")))
    }
}

/// The plans of a file, by their codes. The error says in which line of the file it is.
pub(super) fn parse(text: &str) -> Result<Vec<Wanted>, toml::de::Error> {
    let Catalogue { plans } = toml::from_str(text)?;
    Ok(plans.into_iter().map(|(NewCode(code), spec)| Wanted { code, spec }).collect())
}

#[cfg(test)]
mod tests {
    use super::parse;

    const FILE: &str = include_str!("../../../../examples/plans.toml");

    #[test]
    fn the_example_is_read() {
        let plans = parse(FILE).unwrap();
        let codes: Vec<&str> = plans.iter().map(|plan| plan.code.as_str()).collect();
        assert!(codes.contains(&"gold-yearly"), "{codes:?}");
        assert!(codes.is_sorted(), "they are put in one order");
    }

    /// Whatever is wrong, and wherever: it is the line that is named.
    #[test]
    fn an_error_names_its_line() {
        const PLAN: &str = "[plans.gold]\nname = \"Gold\"\ntier = \"gold\"\ninterval = \"month\"\n";
        const PRICE: &str = "price = { amount = 1, currency = \"USD\" }\n";
        assert_eq!(parse(&format!("{PLAN}{PRICE}")).unwrap().len(), 1);
        for (text, line, word) in [
            (format!("{PLAN}{PRICE}grace_days = 28\n"), 6, "from 0 to 27"),
            (format!("{PLAN}{PRICE}grace_days = -1\n"), 6, "from 0 to 27"),
            (format!("{PLAN}{PRICE}colour = 1\n"), 6, "unknown field"),
            (format!("{PLAN}price = {{ amount = 1, currency = \"usd\" }}\n"), 5, "ISO 4217"),
            (format!("{PLAN}price = 1\n"), 5, "an object with amount and currency"),
            (PLAN.to_owned(), 1, "missing field `price`"),
            (format!("{PLAN}{PRICE}\n[plans.Gold]\nname = \"\"\n"), 7, "code of a plan must be"),
            (format!("{PLAN}{PRICE}\n{PLAN}"), 7, "duplicate key"),
            (format!("{PLAN}{PRICE}x = \n"), 6, ""),
            ("[plan.gold]\n".to_owned(), 1, "unknown field"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}")), "{text}: {error}");
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
