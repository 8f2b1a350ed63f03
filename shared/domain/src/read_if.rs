//! What no member of a body tells alone is checked when the body is read.

/// Reads a type only if what was read fulfils a condition. Its members are read and written as they
/// are derived, for which the type says `#[serde(remote = "Self")]`.
macro_rules! read_if {
    ($read:ident, $condition:expr, $wanted:literal) => {
        impl serde::Serialize for $read {
            fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, output)
            }
        }

        impl<'de> serde::Deserialize<'de> for $read {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let condition: fn(&Self) -> bool = $condition;
                let read = Self::deserialize(input)?;
                condition(&read).then_some(read).ok_or_else(|| serde::de::Error::custom($wanted))
            }
        }
    };
}
pub(crate) use read_if;
