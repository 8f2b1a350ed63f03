//! A command that names a user by external id does what it does by id.

use domain::{
    Change, Command, ExternalId, Give, Import, Redeem, Refusal, Subscribe, User, UserId, WorkingSet,
};
use samples::{
    ALICE, BOB, EVE, Holding, NOBODY, RIVAL, SENT, SHOP, Sent, at, decided, external_id, give,
    holding, plan, redeem, refused, sent, subscribe, user,
};

/// What there is when a command comes: users that are known by external ids, too.
fn rows(state: Holding) -> WorkingSet {
    let known = |id, client, address, name| {
        Change::User(User { external_id: Some(external_id(name)), ..user(id, client, address) })
    };
    let alice = known(ALICE, SHOP, "Alice@example.com", "alice");
    let bob = known(BOB, SHOP, "bob@example.com", "bob");
    let eve = known(EVE, RIVAL, "alice@example.com", "eve");
    holding(state, [alice, bob, eve, Change::Gift(sent(Sent::Pending))])
}

fn import(user_id: Option<UserId>, external_id: Option<ExternalId>) -> Command {
    let (anchor, end_date) = (at("2026-01-31T00:00:00Z"), at("2026-06-30T00:00:00Z"));
    let (plan, auto_renew) = (plan("monthly"), true);
    Import { user_id, external_id, plan, anchor, end_date, auto_renew }.into()
}

/// A command of each kind, by that id.
fn by_id(id: UserId) -> [Command; 4] {
    [
        subscribe(id, "monthly", None).into(),
        give(id, "carol@example.com", None).into(),
        redeem(SENT, id).into(),
        import(Some(id), None),
    ]
}

/// The same commands, by external id.
fn by_external_id(name: &str) -> [Command; 4] {
    let (user_id, external_id) = (None, Some(external_id(name)));
    let gifter_external_id = external_id.clone();
    let give = give(NOBODY, "carol@example.com", None);
    let subscribe = subscribe(NOBODY, "monthly", None);
    [
        Subscribe { user_id, external_id: external_id.clone(), ..subscribe }.into(),
        Give { gifter_id: None, gifter_external_id, ..give }.into(),
        Redeem { gift_id: SENT, user_id, external_id: external_id.clone() }.into(),
        import(None, external_id),
    ]
}

#[test]
fn an_external_id_names_the_same_user_as_the_id() {
    for state in Holding::ALL {
        for (id, name) in [(ALICE, "alice"), (BOB, "bob")] {
            for (by_id, by_external_id) in by_id(id).into_iter().zip(by_external_id(name)) {
                let expected = decided(&rows(state), by_id);
                assert_eq!(decided(&rows(state), by_external_id), expected, "{state:?} {name}");
            }
        }
    }
}

#[test]
fn an_unknown_external_id_is_refused_as_an_unknown_id_is() {
    let refusals = [
        Refusal::UserNotFound,
        Refusal::GifterNotFound,
        Refusal::UserNotFound,
        Refusal::UserNotFound,
    ];
    // One that nobody has, one of another client, one in another case.
    for name in ["nobody", "eve", "Alice"] {
        for (command, refusal) in by_external_id(name).into_iter().zip(refusals.clone()) {
            let found = decided(&rows(Holding::Nothing), command);
            assert_eq!(found, refused(None, refusal), "{name}");
        }
    }
}

#[test]
fn a_command_names_exactly_one_user_in_one_way() {
    let read = |members: &str| serde_json::from_str::<Command>(members).is_ok();
    for (rest, id, external_id) in [
        (r#""operation":"subscribe","plan":"monthly""#, "user_id", "external_id"),
        (r#""operation":"gift","recipient_email":"a@b.co""#, "gifter_id", "gifter_external_id"),
        (r#""operation":"redeem","gift_id":20"#, "user_id", "external_id"),
        (
            concat!(
                r#""operation":"import","plan":"monthly","anchor":"2026-01-31T00:00:00Z","#,
                r#""end_date":"2026-06-30T00:00:00Z","auto_renew":true"#
            ),
            "user_id",
            "external_id",
        ),
    ] {
        let (one, other) = (format!(r#""{id}":1"#), format!(r#""{external_id}":"c-1""#));
        assert!(read(&format!("{{{rest},{one}}}")));
        assert!(read(&format!("{{{rest},{other}}}")));
        assert!(!read(&format!("{{{rest}}}")), "nobody: {rest}");
        assert!(!read(&format!("{{{rest},{one},{other}}}")), "twice: {rest}");
    }
}

#[test]
fn what_is_named_by_external_id_is_carried_as_it_is_sent() {
    let [subscribe, give, redeem, import] = by_external_id("c-1");
    for (command, json) in [
        (
            subscribe,
            concat!(
                r#"{"operation":"subscribe","external_id":"c-1","plan":"monthly","#,
                r#""duration_months":null}"#
            ),
        ),
        (
            give,
            concat!(
                r#"{"operation":"gift","gifter_external_id":"c-1","#,
                r#""recipient_email":"carol@example.com","duration_months":null}"#
            ),
        ),
        (redeem, r#"{"operation":"redeem","gift_id":20,"external_id":"c-1"}"#),
        (
            import,
            concat!(
                r#"{"operation":"import","external_id":"c-1","plan":"monthly","#,
                r#""anchor":"2026-01-31T00:00:00Z","end_date":"2026-06-30T00:00:00Z","#,
                r#""auto_renew":true}"#
            ),
        ),
    ] {
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
        assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
    }
}
