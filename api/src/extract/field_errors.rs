//! Every error in the members of a body, so that the client is told all of them in one answer.

use contract::FieldError;
use domain::USER_MEMBERS;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema};

/// The longest part of a name that is shown, in characters. A name may be as long as the body.
const NAME_LENGTH_MAX: usize = 64;

/// The errors of `members` as a `C`: those of its own members in the order of the type, then the
/// unknown ones by name. The type itself says what is wrong; its schema says which members it has.
/// Only which members exclude each other is said by [`USER_MEMBERS`], and that a body has at least
/// one is said here.
pub(crate) fn errors<C: DeserializeOwned + ToSchema>(
    members: &Map<String, Value>,
) -> Vec<FieldError> {
    errors_at::<C>(&[], &object::<C>(), members)
}

/// The errors of the object at that place in a `C`.
fn errors_at<C: DeserializeOwned>(
    place: &[&str],
    object: &Object,
    members: &Map<String, Value>,
) -> Vec<FieldError> {
    let Object { properties, .. } = object;
    let mut errors = Vec::new();
    for (name, property) in properties {
        let place = [place, &[name]].concat();
        let message = match (members.get(name), nested(property)) {
            (Some(Value::Object(inner)), Some(object)) => {
                errors.extend(errors_at::<C>(&place, object, inner));
                None
            }
            (Some(value), _) => {
                wrong::<C>(&place, value).or_else(|| excluded(object, members, name))
            }
            (None, _) => missing(object, members, name).map(str::to_owned),
        };
        errors.extend(message.map(|message| error(&place, message)));
    }
    let unknown = members.keys().filter(|name| !properties.contains_key(*name));
    let unknown = unknown.map(|name| [place, &[name.as_str()]].concat());
    errors.extend(unknown.map(|place| error(&place, "is not a known field".to_owned())));
    errors
}

/// What is said of a member that is missing, if it may not be.
fn missing(
    Object { properties, required, .. }: &Object,
    members: &Map<String, Value>,
    name: &str,
) -> Option<&'static str> {
    // Of the two that can name a user, the first is asked for.
    let other = USER_MEMBERS.iter().find_map(|[first, other]| (name == *first).then_some(*other));
    let names_user = other.is_some_and(|other| properties.contains_key(other));
    let is_unnamed = names_user && !other.is_some_and(|other| members.contains_key(other));
    if is_unnamed || required.iter().any(|required| required == name) {
        return Some("is required");
    }
    let says_nothing = required.is_empty() && !names_user && members.is_empty();
    says_nothing.then_some("is required if nothing else is given")
}

/// What is said of a member whose place another one takes.
fn excluded(
    Object { properties, .. }: &Object,
    members: &Map<String, Value>,
    name: &str,
) -> Option<String> {
    let [first, _] = USER_MEMBERS.iter().find(|[_, other]| name == *other)?;
    let is_there = properties.contains_key(*first) && members.contains_key(*first);
    is_there.then(|| format!("cannot be given beside {first}"))
}

/// The object that a member is, with members of its own. A described one is the only part of a
/// schema of its own.
fn nested(property: &RefOr<Schema>) -> Option<&Object> {
    match property {
        RefOr::T(Schema::Object(object)) if !object.properties.is_empty() => Some(object),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().find_map(nested),
        _ => None,
    }
}

/// What is wrong with the member at that place. It is read alone: the error is its own if its path
/// leads there. That other members are missing is an error with a shorter path.
fn wrong<C: DeserializeOwned>(place: &[&str], value: &Value) -> Option<String> {
    // Optional members accept null, which is how a stored payload writes an absent one. No member
    // accepts an empty list of lists, so its error names what the member wants.
    let empty = || Value::Array(vec![Value::Array(Vec::new())]);
    let value = if value.is_null() { empty() } else { value.clone() };
    let alone = place
        .iter()
        .rev()
        .fold(value, |value, name| Value::Object(Map::from_iter([((*name).to_owned(), value)])));
    let error = serde_path_to_error::deserialize::<_, C>(&alone).err()?;
    (error.path().iter().count() >= place.len()).then(|| message(&error.inner().to_string()))
}

/// The error of a type, worded to be read after the name of the member.
fn message(error: &str) -> String {
    match error.rsplit_once(", expected ") {
        Some((_, wanted)) => format!("must be {wanted}"),
        None => error.to_owned(),
    }
}

fn error(place: &[&str], message: String) -> FieldError {
    FieldError { field: shown_name(&place.join(".")), message }
}

/// The part of a name that is shown.
pub(super) fn shown_name(name: &str) -> String {
    name.chars().take(NAME_LENGTH_MAX).collect()
}

fn object<C: ToSchema>() -> Object {
    match C::schema() {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CreateUser, Give, Redeem, Renew, Subscribe, UserChanges};
    use serde_json::json;

    const ID: &str = "must be a positive integer of at most 63 bits";
    const MONTHS: &str = "must be an integer from 1 to 120";

    fn of<C: DeserializeOwned + ToSchema>(body: &Value) -> Vec<(String, String)> {
        let errors = errors::<C>(body.as_object().unwrap());
        errors.into_iter().map(|error| (error.field, error.message)).collect()
    }

    fn told(errors: &[(&str, &str)]) -> Vec<(String, String)> {
        errors.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn all_errors_are_told_in_the_order_of_the_type_and_unknown_names_last() {
        let body = json!({"plan": "", "duration_months": 0, "user_id": "1", "b": 1, "a": null});
        let (code, unknown) = ("must be 1 to 64 printable characters", "is not a known field");
        let expected = told(&[
            ("user_id", ID),
            ("plan", code),
            ("duration_months", MONTHS),
            ("a", unknown),
            ("b", unknown),
        ]);
        assert_eq!(of::<Subscribe>(&body), expected);
    }

    #[test]
    fn missing_members_are_told_beside_wrong_ones() {
        let required = "is required";
        let expected = told(&[("gifter_id", ID), ("recipient_email", required)]);
        assert_eq!(of::<Give>(&json!({"gifter_id": -1})), expected);
        let expected = told(&[("gift_id", required), ("user_id", required)]);
        assert_eq!(of::<Redeem>(&json!({})), expected);
    }

    #[test]
    fn a_user_is_named_in_one_of_two_ways() {
        let required = "is required";
        let expected = told(&[("user_id", required), ("plan", required)]);
        assert_eq!(of::<Subscribe>(&json!({})), expected);
        let named = json!({"external_id": "c-1"});
        assert_eq!(of::<Subscribe>(&named), told(&[("plan", required)]));

        let both = json!({"gifter_id": 1, "gifter_external_id": "c-1"});
        let excluded = ("gifter_external_id", "cannot be given beside gifter_id");
        assert_eq!(of::<Give>(&both), told(&[excluded, ("recipient_email", required)]));
        let both = json!({"gift_id": 1, "user_id": 0, "external_id": ""});
        let wrong = ("external_id", "must be 1 to 128 visible ASCII characters");
        assert_eq!(of::<Redeem>(&both), told(&[("user_id", ID), wrong]));
    }

    #[test]
    fn an_update_says_something() {
        let message = "is required if nothing else is given";
        let expected = told(&[("email", message), ("metadata", message)]);
        assert_eq!(of::<UserChanges>(&json!({})), expected);
        let expected = told(&[("user_id", "is not a known field")]);
        assert_eq!(of::<UserChanges>(&json!({"user_id": 1})), expected);
    }

    #[test]
    fn metadata_is_repaired_as_a_whole() {
        let message = domain::InvalidMetadata.to_string();
        for metadata in [json!({"a": 1}), json!({"a": "\0"}), json!([]), json!(null), json!("a")] {
            let body = json!({"metadata": metadata});
            assert_eq!(of::<UserChanges>(&body), told(&[("metadata", &*message)]), "{body}");
        }
    }

    #[test]
    fn null_is_a_wrong_value() {
        let body = json!({"subscription_id": null, "duration_months": null});
        let expected = told(&[("subscription_id", ID), ("duration_months", MONTHS)]);
        assert_eq!(of::<Renew>(&body), expected);
        let expected = told(&[("email", "must be a string")]);
        assert_eq!(of::<CreateUser>(&json!({"email": null})), expected);
    }

    #[test]
    fn what_a_client_wrote_is_not_taken_for_the_text_of_an_error() {
        let body = json!({"user_id": "x, expected y", "plan": "monthly"});
        assert_eq!(of::<Subscribe>(&body), told(&[("user_id", ID)]));
    }

    #[test]
    fn numbers_at_the_edges() {
        for id in [json!(1.0), json!(u64::MAX), json!(i64::MIN), json!(0), json!(true)] {
            let body = json!({"subscription_id": id});
            assert_eq!(of::<Renew>(&body), told(&[("subscription_id", ID)]), "{body}");
        }
        for months in [json!(121), json!(-1), json!(1e0), json!(4_294_967_297_u64), json!("1")] {
            let body = json!({"subscription_id": i64::MAX, "duration_months": months});
            assert_eq!(of::<Renew>(&body), told(&[("duration_months", MONTHS)]), "{body}");
        }
    }

    /// A nested member is named by its path, and all that is wrong is told at once.
    #[test]
    fn members_of_members_are_told_too() {
        let body = json!({"name": "", "tier": null, "interval": "week", "features": null,
                          "price": {"amount": -1, "tax": 1}, "cost": 2});
        let found = of::<domain::PlanSpec>(&body);
        let features = "must be a list of at most 100 different texts of 1 to 64 printable \
                        characters";
        let expected = [
            ("name", "must be 1 to 200 printable characters"),
            ("tier", "must be a string"),
            ("interval", "must be `month` or `year`"),
            ("price.amount", "must be an integer from 0 to 1000000000000"),
            ("price.currency", "is required"),
            ("price.tax", "is not a known field"),
            ("features", features),
            ("cost", "is not a known field"),
        ];
        assert_eq!(found, told(&expected));
        for price in [json!(5), json!([]), json!(null)] {
            let body = json!({"name": "a", "tier": "a", "interval": "month", "price": price});
            let found = of::<domain::PlanSpec>(&body);
            assert_eq!(found, told(&[("price", "must be an object with amount and currency")]));
        }
    }
}
