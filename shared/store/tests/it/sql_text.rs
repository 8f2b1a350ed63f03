//! No statement takes or fills columns that it does not name.

use std::fs;
use std::path::Path;
use support::Database;

/// The words and signs of a text, in lower case, without comments of Rust or of SQL.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for line in text.lines() {
        let end = ["--", "//"].iter().filter_map(|sign| line.find(sign)).min();
        let mut is_in_word = false;
        for letter in line[..end.unwrap_or(line.len())].chars() {
            let is_of_word = letter.is_alphanumeric() || letter == '_';
            match tokens.last_mut() {
                Some(word) if is_of_word && is_in_word => word.extend(letter.to_lowercase()),
                _ if letter.is_whitespace() => {}
                _ => tokens.push(letter.to_lowercase().collect()),
            }
            is_in_word = is_of_word;
        }
    }
    tokens
}

/// What in a text takes or fills columns without naming them.
fn unnamed_columns(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let at = |index: usize| tokens.get(index).map_or("", String::as_str);
    let is_word = |token: &str| token.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_unnamed = |index: usize| match at(index) {
        "*" => match at(index.wrapping_sub(1)) {
            "select" | "returning" | "all" | "distinct" | "." => true,
            // In Rust it is a dereference: `f(a, *b)`.
            "," => !is_word(at(index + 1)) || at(index + 1) == "from",
            _ => false,
        },
        "into" if at(index.wrapping_sub(1)) == "insert" => {
            at(index + 2) != "(" && (at(index + 2) != "." || at(index + 4) != "(")
        }
        _ => false,
    };
    let shown = |index: usize| tokens[index.saturating_sub(3)..].iter().take(8);
    let found = (0..tokens.len()).filter(|index| is_unnamed(*index));
    found.map(|index| shown(index).cloned().collect::<Vec<_>>().join(" ")).collect()
}

/// Checks the sources below a folder. Returns how many there are.
fn check_sources(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += check_sources(&path);
            continue;
        }
        let found = unnamed_columns(&fs::read_to_string(&path).unwrap());
        assert!(found.is_empty(), "{}: {found:#?}", path.display());
        count += 1;
    }
    count
}

#[test]
fn every_statement_of_the_crate_names_its_columns() {
    let count = check_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(count > 10, "{count} sources");
}

#[tokio::test]
async fn every_function_of_the_schema_names_its_columns() {
    let database = Database::create().await;
    let functions = "SELECT array_agg(pg_get_functiondef(oid)) FROM pg_proc
                     WHERE pronamespace = 'public'::regnamespace";
    let functions: Vec<String> = database.value(functions).await;
    assert!(functions.iter().any(|function| function.contains("load_batch")));
    for function in functions {
        let found = unnamed_columns(&function);
        assert!(found.is_empty(), "{found:#?} in {function}");
    }
}

#[test]
fn columns_without_names_are_found_and_others_are_not() {
    for unnamed in [
        "SELECT * FROM users",
        "select\n    *, (SELECT 1) FROM users",
        "SELECT DISTINCT * FROM users",
        "SELECT users.*, 1 FROM users",
        "SELECT 1 AS one, * FROM users",
        "SELECT (SELECT id, * FROM gifts)",
        "UPDATE users SET email = $1 RETURNING *",
        r#"query!("SELECT 1, *")"#,
        "INSERT INTO users VALUES (1)",
        "INSERT INTO users SELECT id FROM users",
        "insert into public.users\nselect id FROM users",
    ] {
        assert_eq!(unnamed_columns(unnamed).len(), 1, "{unnamed}");
    }
    for named in [
        "SELECT count(*), 2 * 3 FROM users -- SELECT *",
        "INSERT INTO users (id) SELECT id FROM users",
        "INSERT INTO public.users (id) VALUES (1)",
        "/// SELECT * is not for us.",
        "call(&mut **self.connection, *b, &*c)",
    ] {
        assert_eq!(unnamed_columns(named), Vec::<String>::new(), "{named}");
    }
}
