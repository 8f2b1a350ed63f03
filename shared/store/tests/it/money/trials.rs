//! Who has had a trial.

use super::{ANN, LOCAL, add_price, load, write};
use crate::sample::{local, new_user};
use domain::{Change, Needs, PlanCode, UsedTrial, UserId};
use store::StoreError;
use support::Database;

#[tokio::test]
async fn a_trial_is_used_up_by_a_user_and_by_an_email_however_it_is_spelled() {
    let database = Database::create().await;
    add_price(&database, 0, 14).await;
    let users = [
        new_user(1, "Ann+first@a.org"),
        new_user(2, "aNN+more+and@A.org"),
        new_user(3, "ann@b.org"),
    ];
    let trial = |user| Change::Trial(UsedTrial { client: LOCAL, user, tier: "gold".to_owned() });
    // The user is new, and so in no row that was there before.
    let rows = users.clone().map(Change::User).into_iter().chain([trial(ANN)]);
    write(&database, rows).await.unwrap();
    let needs = Needs {
        users: local(users.each_ref().map(|user| user.id)),
        plans: local([PlanCode::parse("monthly").unwrap()]),
        trials: true,
        ..Needs::default()
    };
    let working_set = load(&database, &needs).await;
    let used = users.each_ref().map(|user| working_set.has_used_trial(user.id, "gold"));
    assert_eq!(used, [true, true, false]);
    assert!(!working_set.has_used_trial(ANN, "silver"));

    for user in [ANN, UserId::new(2)] {
        let error = write(&database, [trial(user)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    }
    // Who changes his email has had it, too.
    database.run("UPDATE users SET email = 'new@c.org' WHERE id = 1").await;
    assert!(load(&database, &needs).await.has_used_trial(ANN, "gold"));
    let no_trials = "UPDATE plan_versions SET trial_days = 0";
    database.run(no_trials).await;
    assert!(!load(&database, &needs).await.has_used_trial(ANN, "gold"), "nobody asks");
}

/// The test databases are copies, so that the secret of all is the same.
#[tokio::test]
async fn emails_that_had_a_trial_are_known_by_an_hmac() {
    let database = Database::create().await;
    let pads = "SELECT bool_and(get_byte(inner_pad, n) # get_byte(outer_pad, n) = (54 # 92))
                       AND bool_and(n < 32 OR get_byte(inner_pad, n) = 54)
                FROM trial_email_key, generate_series(0, 63) AS n";
    assert!(database.value::<bool>(pads).await);
    // The second case of RFC 4231 has a key of four bytes.
    let known = "UPDATE trial_email_key SET inner_pad = pads.inner_pad, outer_pad = pads.outer_pad
                 FROM (SELECT string_agg(set_byte('\\x00', 0, key.byte # 54), '' ORDER BY n)
                                  AS inner_pad,
                              string_agg(set_byte('\\x00', 0, key.byte # 92), '' ORDER BY n)
                                  AS outer_pad
                       FROM (SELECT n, CASE WHEN n < 4 THEN get_byte('Jefe', n) ELSE 0 END AS byte
                             FROM generate_series(0, 63) AS n) AS key) AS pads";
    database.run(known).await;
    let hash = "SELECT encode(trial_email_hash('what do ya want for nothing?'), 'hex')";
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(database.value::<String>(hash).await, expected);
}
