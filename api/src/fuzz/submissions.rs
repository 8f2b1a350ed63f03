//! Random bodies of submissions: arbitrary bytes, and objects that are nearly valid.

use crate::api_error::ApiError;
use crate::extract::Fields;
use domain::{
    Cancel, ClientId, Command, CreateUser, Fingerprint, Give, IdempotencyKey, Instant, Redeem,
    Renew, Subscribe, UpdateUser, UserId,
};
use proptest::prelude::*;
use queue::QueuedJob;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Names of fields: those of all commands, and unknown ones.
const NAMES: [&str; 12] = [
    "email",
    "user_id",
    "plan",
    "duration_months",
    "subscription_id",
    "gifter_id",
    "recipient_email",
    "gift_id",
    "external_id",
    "gifter_external_id",
    "metadata",
    "coupon",
];

type Parse = fn(&Fields) -> Result<Command, ApiError>;

fn read<B: DeserializeOwned + ToSchema>(fields: &Fields) -> Result<B, ApiError> {
    fields.read().map_err(ApiError::invalid)
}

fn command<C: DeserializeOwned + ToSchema + Into<Command>>(
    fields: &Fields,
) -> Result<Command, ApiError> {
    read::<C>(fields).map(Into::into)
}

const COMMANDS: [Parse; 7] = [
    command::<CreateUser>,
    |fields| Ok(UpdateUser { user_id: UserId::new(1), changes: read(fields)? }.into()),
    command::<Subscribe>,
    command::<Renew>,
    command::<Cancel>,
    command::<Give>,
    command::<Redeem>,
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        (1_i64..200).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[a-z]{1,8}@[a-z]{1,8}\\.(com|org)".prop_map(Value::from),
        Just(json!("monthly")),
        Just(json!([1, {"a": "b"}])),
        Just(json!({"a": "b", "c": ""})),
    ]
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    let member = (prop::sample::select(&NAMES[..]), scalar());
    prop::collection::vec(member, 0..6)
        .prop_map(|members| members.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())
}

proptest! {
    #[test]
    fn any_bytes_are_an_object_or_turned_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(fields) = Fields::parse(&bytes) {
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Value>(fields.canonical()).unwrap(), value);
        }
    }

    #[test]
    fn a_command_that_is_built_can_be_queued_and_read_again(
        object in object(), build in prop::sample::select(&COMMANDS[..]),
    ) {
        let fields = Fields::parse(&serde_json::to_vec(&object).unwrap()).unwrap();
        if let Ok(command) = build(&fields) {
            let key = IdempotencyKey::parse(b"key").unwrap();
            let fingerprint = Fingerprint::of_request("POST", "/", b"");
            let client = ClientId::LOCAL;
            let job = QueuedJob::new(client, key, fingerprint, Instant::UNIX_EPOCH, command);
            prop_assert_eq!(QueuedJob::decode(&job.encode()).unwrap(), job);
        }
    }

    #[test]
    fn equal_values_have_equal_fingerprints_however_they_are_written(object in object()) {
        let compact = serde_json::to_vec(&object).unwrap();
        let spaced = serde_json::to_vec_pretty(&object).unwrap();
        let (compact, spaced) = (Fields::parse(&compact).unwrap(), Fields::parse(&spaced).unwrap());
        prop_assert_eq!(compact.canonical(), spaced.canonical());
    }

    #[test]
    fn a_payload_with_a_flipped_byte_is_read_or_turned_down(
        object in object(), at in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let mut bytes = serde_json::to_vec(&json!({
            "v": 1, "client": 2, "key": "k", "fingerprint": "00".repeat(32), "submitted_us": 5,
            "command": object,
        })).unwrap();
        let index = at.index(bytes.len());
        bytes[index] ^= flip;
        let _ = QueuedJob::decode(&bytes);
    }
}
