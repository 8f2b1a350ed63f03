//! The messages that workers publish to the apis: outcomes of jobs, many in one message.

use domain::{Answer, Fingerprint, JobId};
use uuid::Uuid;

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The job.
    pub job: JobId,
    /// The fingerprint of the request that the answer belongs to. When Redis had lost the key, that
    /// may be another request than the job's: the first one with the key, which the command log has
    /// the answer to. So the api compares fingerprints.
    pub fingerprint: Fingerprint,
    /// Where the answer comes from.
    pub provenance: Provenance,
    /// The answer.
    pub answer: Answer,
}

/// Where the answer of an outcome comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Decided for this admission.
    Decided,
    /// Decided for an earlier admission, which Redis had lost: a replay.
    CommandLog,
    /// Not decided: the job was given up.
    GaveUp,
}

impl Provenance {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Decided => 0,
            Self::CommandLog => 1,
            Self::GaveUp => 2,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Decided),
            1 => Some(Self::CommandLog),
            2 => Some(Self::GaveUp),
            _ => None,
        }
    }
}

/// Writes outcomes one after the other: job (16 bytes), fingerprint (32), provenance (1), status
/// (2), length of the body (4), body. Numbers are big-endian.
#[must_use]
pub(crate) fn encode(outcomes: &[Outcome]) -> Vec<u8> {
    let mut message = Vec::with_capacity(outcomes.iter().map(|o| 55 + o.answer.body.len()).sum());
    for outcome in outcomes {
        let body = outcome.answer.body.as_bytes();
        message.extend_from_slice(outcome.job.get().as_bytes());
        message.extend_from_slice(outcome.fingerprint.as_bytes());
        message.push(outcome.provenance.to_byte());
        message.extend_from_slice(&outcome.answer.status.to_be_bytes());
        message.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(body);
    }
    message
}

/// Reads what [`encode`] wrote, up to the first outcome that cannot be read.
#[must_use]
pub(crate) fn decode(mut message: &[u8]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    while let Some((outcome, rest)) = decode_one(message) {
        outcomes.push(outcome);
        message = rest;
    }
    outcomes
}

fn decode_one(message: &[u8]) -> Option<(Outcome, &[u8])> {
    let (job, rest) = message.split_first_chunk::<16>()?;
    let (fingerprint, rest) = rest.split_first_chunk::<32>()?;
    let (provenance, rest) = rest.split_first_chunk::<1>()?;
    let (status, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
    let outcome = Outcome {
        job: JobId::new(Uuid::from_bytes(*job)),
        fingerprint: Fingerprint::from_bytes(fingerprint)?,
        provenance: Provenance::from_byte(provenance[0])?,
        answer: Answer {
            status: u16::from_be_bytes(*status),
            body: std::str::from_utf8(body).ok()?.to_owned(),
        },
    };
    Some((outcome, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcome() -> impl Strategy<Value = Outcome> {
        let provenance = prop_oneof![
            Just(Provenance::Decided),
            Just(Provenance::CommandLog),
            Just(Provenance::GaveUp)
        ];
        (any::<u128>(), any::<[u8; 32]>(), provenance, any::<u16>(), ".{0,300}").prop_map(
            |(job, fingerprint, provenance, status, body)| Outcome {
                job: JobId::new(Uuid::from_u128(job)),
                fingerprint: Fingerprint::from_bytes(&fingerprint).unwrap(),
                provenance,
                answer: Answer { status, body },
            },
        )
    }

    proptest! {
        #[test]
        fn announcements_arrive_as_they_were_sent(sent in prop::collection::vec(outcome(), 0..20)) {
            prop_assert_eq!(decode(&encode(&sent)), sent);
        }

        #[test]
        fn an_announcement_cut_short_tells_what_came_before_the_cut(
            sent in prop::collection::vec(outcome(), 1..5), cut in 1_usize..50,
        ) {
            let message = encode(&sent);
            let arrived = decode(&message[..message.len().saturating_sub(cut)]);
            prop_assert!(arrived.len() < sent.len());
            prop_assert_eq!(&arrived[..], &sent[..arrived.len()]);
        }

        #[test]
        fn noise_is_no_announcement(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&noise);
        }
    }
}
