//! What a plan becomes when it is put again.

use domain::{Currency, Interval, Money, Plan, PlanSpec};
use proptest::prelude::{any, proptest};
use samples::{at, monthly, now, plan_of};

/// Specs that differ from the monthly plan in its terms, each in one thing.
fn other_terms() -> [PlanSpec; 5] {
    let price = |amount, currency| Money { amount, currency: Currency::parse(currency).unwrap() };
    [
        PlanSpec { interval: Interval::Year, ..monthly() },
        PlanSpec { price: price(1, "USD"), ..monthly() },
        PlanSpec { price: price(0, "EUR"), ..monthly() },
        PlanSpec { trial_days: 1, ..monthly() },
        PlanSpec { grace_days: 8, ..monthly() },
    ]
}

#[test]
fn other_terms_make_a_new_version() {
    for spec in other_terms() {
        let revised = plan_of("monthly").revised(&spec);
        assert_eq!((revised.version, revised.terms), (2, spec.terms()), "{spec:?}");
        // Back to the first terms is another version again: versions never change.
        assert_eq!(revised.revised(&monthly()).version, 3);
    }
}

#[test]
fn other_details_do_not_and_the_same_changes_nothing() {
    let old = plan_of("monthly");
    assert_eq!(old.revised(&monthly()), old);
    for spec in [
        PlanSpec { name: "Month by month".to_owned(), ..monthly() },
        PlanSpec { tier: "basic".to_owned(), ..monthly() },
        PlanSpec { tier_rank: 1, ..monthly() },
        PlanSpec { features: vec!["reports".to_owned()], ..monthly() },
    ] {
        let expected = Plan { details: spec.details(), ..old.clone() };
        assert_eq!(old.revised(&spec), expected);
        assert_ne!(expected, old);
    }
}

#[test]
fn a_retired_plan_is_on_sale_again() {
    let retired = plan_of("monthly").retired(now());
    assert_eq!(retired.retired(at("2030-01-01T00:00:00Z")), retired, "it stays as it is");
    assert_eq!(retired.revised(&monthly()), plan_of("monthly"));
}

proptest! {
    #[test]
    fn an_integer_is_read_within_its_bounds_only(amount in any::<i64>()) {
        for amount in [amount, 0, 1_000_000_000_000, 1_000_000_000_001, -1] {
            let text = format!(r#"{{"amount": {amount}, "currency": "USD"}}"#);
            let read = serde_json::from_str::<Money>(&text);
            let expected = (0..=1_000_000_000_000).contains(&amount);
            assert_eq!(read.is_ok(), expected, "{text}: {read:?}");
        }
    }
}

#[test]
fn a_currency_is_written_as_iso_4217_writes_it() {
    for valid in ["USD", "EUR", "JPY", "KWD", "XOF"] {
        assert_eq!(Currency::parse(valid).unwrap().as_str(), valid);
    }
    for invalid in ["", "usd", "US", "USDD", "XXX", "XAU", "AED AFN", " USD"] {
        assert!(Currency::parse(invalid).is_err(), "{invalid:?}");
    }
}

/// What is read, and what is said of what is not.
#[test]
fn a_spec_has_defaults_and_says_what_is_wrong_with_each_member() {
    let least = r#"{"name": "Monthly", "tier": "standard", "interval": "month",
                    "price": {"amount": 0, "currency": "USD"}}"#;
    assert_eq!(serde_json::from_str::<PlanSpec>(least).unwrap(), monthly());
    let long = "x".repeat(65);
    for (member, error) in [
        (r#""name": """#.to_owned(), "1 to 200 printable characters"),
        (r#""tier": "Gold""#.to_owned(), "a-z, 0-9"),
        (r#""tier_rank": 1001"#.to_owned(), "an integer from 0 to 1000"),
        (r#""trial_days": 731"#.to_owned(), "an integer from 0 to 730"),
        (r#""grace_days": 28"#.to_owned(), "an integer from 0 to 27"),
        (r#""features": ["a", "a"]"#.to_owned(), "at most 100 different texts"),
        (r#""features": [1]"#.to_owned(), "at most 100 different texts"),
        (format!(r#""features": ["{long}"]"#), "at most 100 different texts"),
        (r#""interval": "week""#.to_owned(), "expected `month` or `year`"),
        (r#""price": {"amount": 0, "currency": "usd"}"#.to_owned(), "ISO 4217"),
        (r#""price": {"amount": 0, "currency": "USD", "tax": 1}"#.to_owned(), "unknown field"),
        (r#""cost": 1"#.to_owned(), "unknown field"),
    ] {
        let name = member.split_once(':').unwrap().0;
        let mut members: serde_json::Map<_, _> = serde_json::from_str(least).unwrap();
        members.extend(
            serde_json::from_str::<serde_json::Map<_, _>>(&format!("{{{member}}}")).unwrap(),
        );
        let found = serde_json::from_value::<PlanSpec>(members.into()).unwrap_err().to_string();
        assert!(found.contains(error), "{name}: {found}");
    }
}
