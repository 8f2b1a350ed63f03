//! Making users: one an email and client.

use crate::sample::{NEW, decided, refused, working_set};
use domain::{Change, Command, CreateUser, Decision, Refusal, Success, User, UserId};
use samples::{SHOP, email, now};

fn create(address: &str) -> Command {
    Command::CreateUser(CreateUser { email: email(address) })
}

fn created(address: &str) -> Decision {
    let user =
        User { id: UserId::new(NEW), client: SHOP, email: email(address), created_at: now() };
    Decision { changes: vec![Change::User(user.clone())], result: Ok(Success::UserCreated(user)) }
}

#[test]
fn a_new_email_makes_a_user_and_is_kept_as_it_was_written() {
    assert_eq!(
        decided(&working_set([]), &create("  Carol@Example.COM ")),
        created("Carol@Example.COM")
    );
}

#[test]
fn an_email_is_taken_in_whatever_case_it_is_written() {
    for address in
        ["Alice@example.com", "alice@example.com", "ALICE@EXAMPLE.COM", " alice@Example.com"]
    {
        assert_eq!(decided(&working_set([]), &create(address)), refused(Refusal::EmailTaken));
    }
}

#[test]
fn dots_and_plus_signs_make_another_email() {
    for address in ["al.ice@example.com", "alice+1@example.com", "alice@mail.example.com"] {
        assert_eq!(decided(&working_set([]), &create(address)), created(address));
    }
}

#[test]
fn the_same_email_at_another_client_does_not_matter() {
    let rival = Change::User(samples::user(UserId::new(4), crate::sample::RIVAL, "dave@x.org"));
    assert_eq!(decided(&working_set([rival]), &create("dave@x.org")), created("dave@x.org"));
}
