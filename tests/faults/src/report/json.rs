//! The report for programs.

use super::{Campaign, Figures};
use anyhow::Result;
use serde_json::json;

/// The whole report without the history, which has a file of its own.
pub(super) fn report(campaign: &Campaign<'_>, figures: &Figures) -> Result<String> {
    let options = campaign.options;
    let report = json!({
        "seed": options.seed,
        "seconds": options.duration().as_secs(),
        "apis": options.apis,
        "workers": options.workers,
        "clients": options.clients,
        "faults": options.faults(),
        "figures": figures,
        "recovery_ms": campaign.recovery.as_millis(),
        "unverified": campaign.unverified,
        "judged_ms": campaign.judged.as_millis(),
        "memory_mb": super::memory::most(),
        "revivals": campaign.revivals,
        "injected": campaign.injected,
        "violations": campaign.violations,
        "leftovers": campaign.evidence.leftovers,
    });
    Ok(serde_json::to_string_pretty(&report)?)
}
