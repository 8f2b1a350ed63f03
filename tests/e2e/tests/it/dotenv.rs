//! `.env`, as `make run` reads it: as compose does.

use anyhow::{Context, Result};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Reads the text as a `.env`, and prints the variable V.
fn read(dotenv: &str) -> Result<Output> {
    let script = ". scripts/lib/say.sh; . scripts/lib/dotenv.sh; \
                  file=$(mktemp); cat >\"$file\"; trap 'rm -f \"$file\"' EXIT; \
                  read_dotenv \"$file\"; printf %s \"${V-unset}\"";
    let mut bash = Command::new("bash")
        .args(["-euc", script])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env_remove("V")
        .env("GIVEN", "given")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    bash.stdin.take().context("no stdin")?.write_all(dotenv.as_bytes())?;
    Ok(bash.wait_with_output()?)
}

#[test]
fn a_file_means_what_it_means_to_compose() -> Result<()> {
    for (dotenv, meant) in [
        ("V=1\n", "1"),
        ("V=1", "1"),
        ("A=0\nV=1", "1"),
        ("V=a==\n", "a=="),
        ("V=redis://:p=w@h/?a=b=\n", "redis://:p=w@h/?a=b="),
        ("V='a b'\n", "a b"),
        ("V=\"a b\"\n", "a b"),
        ("V='a' # comment\n", "a"),
        ("V=\"a # b\" # comment\n", "a # b"),
        ("V='it\\'s'\n", "it's"),
        ("V=\"say \\\"a\\\"\"\n", "say \"a\""),
        ("V=\"a\\tb\\nc\"\n", "a\tb\nc"),
        ("V='a\nb'\n", "a\nb"),
        ("V=a\r\nA=b\r\n", "a"),
        ("V='a'\r\n", "a"),
        ("V=a # comment\n", "a"),
        ("V=a\t# comment\n", "a"),
        ("V=a#b\n", "a#b"),
        ("V=  a b  \n", "a b"),
        ("  V=a\n", "a"),
        ("\n  \n\t# V=b\n  V=a\n", "a"),
        ("  A=b\nV=a\n", "a"),
        ("export V=a\n", "a"),
        ("  export  V = a\n", "a"),
        ("V: a\n", "a"),
        ("V=a\nV=b\n", "b"),
        ("\u{feff}V=a\n", "a"),
        ("V=\"\"\n", "unset"),
        ("V=\n", "unset"),
        ("V= # comment\n", "unset"),
        ("V\nA=b\n", "unset"),
        ("GIVEN=b\nV=$GIVEN\n", "given"),
        ("A=b\nV=${A}c$A\n", "bcb"),
        ("V=${NONE:-a}${GIVEN:+b}\n", "ab"),
        ("A=b\nV='$A'\n", "$A"),
        ("A=b\nV=\"$A \\$A\"\n", "b $A"),
        ("V='$(exit 1)`exit 1`'\n", "$(exit 1)`exit 1`"),
    ] {
        let output = read(dotenv)?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), meant, "{dotenv:?}: {said}");
    }
    Ok(())
}

#[test]
fn a_file_that_makes_no_sense_is_refused_with_its_line() -> Result<()> {
    for dotenv in ["A=b\nV='a\n", "A=b\n= c\n", "A=b\nV a\n", "A=b\nV=\"a\" b\n"] {
        let output = read(dotenv)?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("line 2"), "{dotenv:?}: {said}");
    }
    Ok(())
}
