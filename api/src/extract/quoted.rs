//! Quoted strings in header values (RFC 9110, 5.6.4).

/// The parts of `value` between separators. A separator inside a quoted string is none.
pub(super) fn split_unquoted(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |c| {
        let separates = !quoted && c == separator;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        separates
    })
}

/// The text that a token or a quoted string stands for; `None` if its quotes do not match.
pub(super) fn unquoted(value: &str) -> Option<String> {
    let Some(rest) = value.strip_prefix('"') else {
        return (!value.contains('"')).then(|| value.to_owned());
    };
    let mut chars = rest.strip_suffix('"')?.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_in_quotes_does_not_separate() {
        let parts = |value| split_unquoted(value, ',').collect::<Vec<_>>();
        assert_eq!(parts(r#"a, b="c,d" ,"#), ["a", r#" b="c,d" "#, ""]);
        assert_eq!(parts(r#"a="\",",b"#), [r#"a="\",""#, "b"]);
        assert_eq!(parts(r#"a="\\",b"#), [r#"a="\\""#, "b"]);
        assert_eq!(parts(r"a\,b="), [r"a\", "b="]);
        // A quote that is never closed takes the rest.
        assert_eq!(parts(r#"a,"b,c"#), ["a", r#""b,c"#]);
    }

    #[test]
    fn quotes_match_or_there_is_no_text() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(unquoted("plain"), text("plain"));
        assert_eq!(unquoted(r#""a, \"b\\""#), text(r#"a, "b\"#));
        assert_eq!(unquoted(r#""""#), text(""));
        for value in [r#"""#, r#""a"#, r#"a""#, r#""a"b""#, r#""a\""#] {
            assert_eq!(unquoted(value), None, "{value}");
        }
    }
}
