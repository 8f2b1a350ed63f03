//! The timeline: a chart of the answers per second, and below it the time of each fault.

use super::Campaign;
use crate::history::{Meaning, Phase};
use crate::nemesis::Fault;
use std::collections::BTreeSet;
use std::fmt::Write;

const WIDTH: f64 = 1400.0;
const LEFT: f64 = 150.0;
const CHART: f64 = 260.0;
const TOP: f64 = 50.0;
const ROW: f64 = 16.0;

#[derive(Default, Clone, Copy)]
struct Second {
    outcomes: u32,
    others: u32,
}

/// The timeline as an SVG without other files.
pub(super) fn svg(campaign: &Campaign<'_>) -> String {
    let mut svg = String::new();
    // Writing to a String cannot fail.
    let _ = draw(&mut svg, campaign);
    svg
}

fn seconds(campaign: &Campaign<'_>) -> Vec<Second> {
    let mut seconds = Vec::new();
    for exchange in campaign.evidence.history.iter().filter(|e| e.phase == Phase::Load) {
        let at = usize::try_from(exchange.answered_us / 1_000_000).unwrap_or_default();
        if seconds.len() <= at {
            seconds.resize(at + 1, Second::default());
        }
        if let Some(second) = seconds.get_mut(at) {
            match exchange.meaning() {
                Meaning::Outcome | Meaning::Reused => second.outcomes += 1,
                Meaning::Unknown | Meaning::TryAgain | Meaning::Wrong => second.others += 1,
            }
        }
    }
    seconds
}

fn draw(svg: &mut String, campaign: &Campaign<'_>) -> std::fmt::Result {
    let seconds = seconds(campaign);
    let kinds: BTreeSet<Fault> = campaign.injected.iter().map(|i| i.fault).collect();
    let most = seconds.iter().map(|s| s.outcomes + s.others).max().unwrap_or(1).max(1);
    let across = f64::from(u32::try_from(seconds.len().max(1)).unwrap_or(u32::MAX));
    let x = |second: f64| LEFT + second / across * (WIDTH - LEFT - 20.0);
    let y = |count: u32| TOP + CHART - f64::from(count) / f64::from(most) * CHART;
    let rows = f64::from(u32::try_from(kinds.len()).unwrap_or(u32::MAX));
    let height = TOP + CHART + 40.0 + rows * ROW + 20.0;
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"
    font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>"##
    )?;
    let (seed, violations) = (campaign.options.seed, campaign.violations.len());
    let faults = campaign.injected.len();
    let title = format!(
        "Requests per second under faults: seed {seed}, {faults} faults, {violations} violations"
    );
    writeln!(
        svg,
        r##"<text x="{LEFT}" y="22" font-size="15">{title}</text>
<text x="{LEFT}" y="40" fill="#2a7">green: answered with an outcome</text>
<text x="360" y="40" fill="#c63">orange: 202, 503 or no answer</text>"##
    )?;
    let mut at = 0.0;
    for second in &seconds {
        let (left, width) = (x(at), (x(at + 1.0) - x(at)).max(0.5));
        let (low, high) = (y(second.outcomes), y(second.outcomes + second.others));
        let (green, orange) = (TOP + CHART - low, low - high);
        writeln!(
            svg,
            r##"<rect x="{left:.1}" y="{low:.1}" width="{width:.2}" height="{green:.1}"
    fill="#2a7"/>
<rect x="{left:.1}" y="{high:.1}" width="{width:.2}" height="{orange:.1}" fill="#c63"/>"##
        )?;
        at += 1.0;
    }
    for (label, level) in [(most, y(most)), (0, y(0))] {
        let end = LEFT - 8.0;
        writeln!(svg, r#"<text x="{end}" y="{level}" text-anchor="end">{label}/s</text>"#)?;
    }
    let mut line = TOP + CHART + 30.0;
    for kind in kinds {
        let name = clap::ValueEnum::to_possible_value(&kind);
        let name = name.map(|name| name.get_name().to_owned()).unwrap_or_default();
        let (end, base) = (LEFT - 8.0, line + 9.0);
        writeln!(svg, r#"<text x="{end}" y="{base}" text-anchor="end">{name}</text>"#)?;
        for injection in campaign.injected.iter().filter(|i| i.fault == kind) {
            let left = x(in_seconds(injection.began_us));
            let width = (x(in_seconds(injection.ended_us)) - left).max(1.5);
            writeln!(
                svg,
                r##"<rect x="{left:.1}" y="{line}" width="{width:.2}" height="11" fill="#446">
<title>{} at {:.1} s</title></rect>"##,
                injection.target,
                in_seconds(injection.began_us)
            )?;
        }
        line += ROW;
    }
    writeln!(svg, "</svg>")
}

fn in_seconds(us: u64) -> f64 {
    f64::from(u32::try_from(us / 1000).unwrap_or(u32::MAX)) / 1000.0
}
