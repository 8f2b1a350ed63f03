//! How plans are named.

use domain::PlanCode;

#[test]
fn a_plan_is_written_with_1_to_64_printable_characters_whether_or_not_it_is_on_sale() {
    for valid in ["m", "monthly", "gold-yearly", "plan_2", "0", "-", "Platinum", "mon thly", "é"] {
        assert!(PlanCode::parse(valid).is_ok(), "{valid:?}");
    }
    assert!(PlanCode::parse(&"é".repeat(64)).is_ok());
}

#[test]
fn nothing_else_is_the_spelling_of_a_plan() {
    for invalid in ["", "a\0", "plan\n", "\u{7f}", "\u{9b}31m"] {
        assert!(PlanCode::parse(invalid).is_err(), "{invalid:?}");
    }
    assert!(PlanCode::parse(&"x".repeat(65)).is_err());
}

#[test]
fn a_plan_that_a_job_carries_is_checked_like_one_of_a_request() {
    assert!(serde_json::from_str::<PlanCode>(r#""mon\u0000thly""#).is_err());
    let code: PlanCode = serde_json::from_str(r#""monthly""#).unwrap();
    assert_eq!(serde_json::to_string(&code).unwrap(), r#""monthly""#);
}

/// It stands in paths, and in files by itself.
#[test]
fn the_code_of_a_new_plan_has_plain_characters_only() {
    for valid in ["m", "gold-yearly", "plan_2.0", "0", "-", &"x".repeat(64)] {
        assert_eq!(PlanCode::of_new_plan(valid).unwrap().as_str(), valid);
    }
    for invalid in ["", "Gold", "mon thly", "\u{e9}", "a/b", "a%", &"x".repeat(65)] {
        assert!(PlanCode::of_new_plan(invalid).is_err(), "{invalid:?}");
    }
}
