//! Pictures made of stacked bars.

use super::charts::{Area, Axes, GRID, TEXT, broken, colour, font, legend};
use anyhow::Result;
use plotters::coord::ranged1d::SegmentedCoord;
use plotters::coord::types::{RangedCoordf64, RangedCoordi32};
use plotters::prelude::*;
use plotters::style::text_anchor;

/// A bar, and its parts from the bottom up.
pub(super) struct Bar {
    /// Under it.
    pub(super) name: String,
    /// In the order of the legend.
    pub(super) parts: Vec<f64>,
}

/// Stacked bars, one a scenario, with their sums on top.
pub(super) fn bars(area: &Area<'_>, axes: &Axes<'_>, names: &[&str], bars: &[Bar]) -> Result<()> {
    let most = bars.iter().map(|bar| bar.parts.iter().sum()).fold(1.0, f64::max);
    let count = i32::try_from(bars.len())?;
    let mut chart = ChartBuilder::on(area)
        .caption(axes.title, font(21).color(&TEXT))
        .margin(14)
        .margin_right(24)
        .x_label_area_size(46)
        .y_label_area_size(78)
        .build_cartesian_2d((0..count - 1).into_segmented(), 0.0..most * 1.12)
        .map_err(broken)?;
    let name = |at: &SegmentValue<i32>| match at {
        SegmentValue::CenterOf(at) => usize::try_from(*at)
            .ok()
            .and_then(|at| bars.get(at))
            .map_or_else(String::new, |bar| bar.name.clone()),
        SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(font(14).color(&TEXT))
        .axis_desc_style(font(15).color(&TEXT))
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_labels(bars.len())
        .x_label_formatter(&name)
        .y_label_formatter(&|y| crate::number::axis(*y))
        .draw()
        .map_err(broken)?;
    boxes(&mut chart, names, bars)?;
    sums(&mut chart, bars, most)?;
    legend(&mut chart, SeriesLabelPosition::UpperRight)
}

type Chart<'a> =
    ChartContext<'a, SVGBackend<'a>, Cartesian2d<SegmentedCoord<RangedCoordi32>, RangedCoordf64>>;

fn boxes(chart: &mut Chart<'_>, names: &[&str], bars: &[Bar]) -> Result<()> {
    for (part, name) in names.iter().enumerate() {
        let fill = colour(part).filled();
        let boxes = (0..).zip(bars).map(|(at, bar)| {
            let below: f64 = bar.parts.iter().take(part).sum();
            let height = bar.parts.get(part).copied().unwrap_or_default();
            let corners =
                [(SegmentValue::Exact(at), below), (SegmentValue::Exact(at + 1), below + height)];
            let mut shape = Rectangle::new(corners, fill);
            shape.set_margin(0, 0, 26, 26);
            shape
        });
        chart
            .draw_series(boxes)
            .map_err(broken)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 6), (x + 14, y + 6)], fill));
    }
    Ok(())
}

fn sums(chart: &mut Chart<'_>, bars: &[Bar], most: f64) -> Result<()> {
    let sums = (0..).zip(bars).map(|(at, bar)| {
        let sum: f64 = bar.parts.iter().sum();
        let place = (SegmentValue::CenterOf(at), sum + most * 0.045);
        let centred = text_anchor::Pos::new(text_anchor::HPos::Center, text_anchor::VPos::Center);
        let style = font(16).color(&TEXT).pos(centred);
        Text::new(crate::number::shown(sum), place, style)
    });
    chart.draw_series(sums).map_err(broken)?;
    Ok(())
}
