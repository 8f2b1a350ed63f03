//! Names for instants. They differ from run to run, but which of them are equal does not.

use sqlx::types::chrono::DateTime;

/// The length of an instant as clients see it: `2026-11-24T11:57:37.214137Z`. Anything shorter or
/// longer is not what the contract says, and stays to be seen.
const WRITTEN: usize = 27;

/// The length of an instant as Redis has it: microseconds since 1970.
const COUNTED: usize = 16;

/// The instants of one text, in order of appearance.
#[derive(Debug, Default)]
pub struct Instants(Vec<i64>);

impl Instants {
    /// The text with `[t1]`, `[t2]` and so on in place of its instants. Equal instants have equal
    /// names. One that is written in microseconds is `[t1 us]`, because that is another format.
    pub fn redact(&mut self, text: &str) -> String {
        let (mut redacted, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(next) = rest.chars().next() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let instant = written(rest).map(|us| (us, "", WRITTEN));
            let instant = instant.or_else(|| Some((counted(rest, digits)?, " us", COUNTED)));
            let length = instant.map_or(digits.max(next.len_utf8()), |(_, _, length)| length);
            let (text, tail) = rest.split_at(length);
            let shown = instant.map(|(us, unit, _)| format!("[t{}{unit}]", self.number_of(us)));
            redacted.push_str(shown.as_deref().unwrap_or(text));
            rest = tail;
        }
        redacted
    }

    fn number_of(&mut self, us: i64) -> usize {
        let known = self.0.iter().position(|known| *known == us);
        let place = known.unwrap_or_else(|| {
            self.0.push(us);
            self.0.len() - 1
        });
        place + 1
    }
}

fn written(text: &str) -> Option<i64> {
    let text = text.get(..WRITTEN).filter(|text| text.ends_with('Z'))?;
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let instant = starts.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten()?;
    Some(instant.timestamp_micros())
}

fn counted(text: &str, digits: usize) -> Option<i64> {
    if digits == COUNTED { text.get(..COUNTED)?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_instants_have_equal_names_however_they_are_written() {
        let mut instants = Instants::default();
        let text = "é 2026-11-24T11:57:37.214137Z, 2026-11-24T11:57:37.214138Z 1795521457214137.";
        assert_eq!(instants.redact(text), "é [t1], [t2] [t1 us].");
        assert_eq!(instants.redact("2026-11-24T11:57:37.214138Z"), "[t2]");
    }

    #[test]
    fn what_is_not_written_as_the_contract_says_stays() {
        let text = "2026-11-24T11:57:37Z 2026-11-24T11:57:37.214137+00:00 17955214572141371 2026";
        assert_eq!(Instants::default().redact(text), text);
    }
}
