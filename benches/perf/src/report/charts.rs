//! How pictures look, and those made of lines.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::FontDesc;

/// Points of one colour, and what they are.
pub(super) struct Series {
    /// For the legend.
    pub(super) name: String,
    /// (x, y), x ascending.
    pub(super) points: Vec<(f64, f64)>,
}

/// Title and axes.
pub(super) struct Axes<'a> {
    /// Above it.
    pub(super) title: &'a str,
    /// What x is, with its unit.
    pub(super) x: &'a str,
    /// What y is, with its unit.
    pub(super) y: &'a str,
    /// Whether points are marked.
    pub(super) marks: bool,
}

/// A picture, or a part of one.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Told apart by people who do not see all colours, too (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];
/// Lines behind the figures.
pub(super) const GRID: RGBColor = RGBColor(226, 226, 226);
/// Words and axes.
pub(super) const TEXT: RGBColor = RGBColor(50, 50, 50);

/// The picture's size in pixels.
pub(super) const SIZE: (u32, u32) = (960, 540);

/// Draws on a white area and gives the SVG.
pub(super) fn picture(draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(broken)?;
        draw(&area)?;
        area.present().map_err(broken)?;
    }
    Ok(svg)
}

/// Plotters' errors belong to the picture that they are of.
pub(super) fn broken(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}

/// The one of all words.
pub(super) fn font(size: u32) -> FontDesc<'static> {
    ("sans-serif", size).into_font()
}

/// That of the series at this place.
pub(super) fn colour(at: usize) -> RGBColor {
    COLOURS.get(at % COLOURS.len()).copied().unwrap_or(BLACK)
}

/// Lines over axes of any kind.
pub(super) fn lines<X, Y>(
    area: &Area<'_>,
    axes: &Axes<'_>,
    series: &[Series],
    x: impl AsRangedCoord<CoordDescType = X, Value = f64>,
    y: impl AsRangedCoord<CoordDescType = Y, Value = f64>,
) -> Result<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(axes.title, font(21).color(&TEXT))
        .margin(14)
        .margin_right(24)
        .x_label_area_size(46)
        .y_label_area_size(78)
        .build_cartesian_2d(x, y)
        .map_err(broken)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(TEXT)
        .label_style(font(14).color(&TEXT))
        .axis_desc_style(font(15).color(&TEXT))
        .x_desc(axes.x)
        .y_desc(axes.y)
        .y_labels(12)
        .x_label_formatter(&|x| crate::number::axis(*x))
        .y_label_formatter(&|y| crate::number::axis(*y))
        .draw()
        .map_err(broken)?;
    for (at, one) in series.iter().enumerate() {
        let style = colour(at).stroke_width(2);
        chart
            .draw_series(LineSeries::new(one.points.iter().copied(), style))
            .map_err(broken)?
            .label(one.name.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
        if axes.marks {
            let dots = one.points.iter().map(|point| Circle::new(*point, 4, colour(at).filled()));
            chart.draw_series(dots).map_err(broken)?;
        }
    }
    if series.len() > 1 {
        legend(&mut chart, SeriesLabelPosition::UpperLeft)?;
    }
    Ok(())
}

/// What the colours mean.
pub(super) fn legend<'a, C: CoordTranslate>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, C>,
    position: SeriesLabelPosition,
) -> Result<()> {
    chart
        .configure_series_labels()
        .position(position)
        .margin(12)
        .legend_area_size(30)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font(font(15).color(&TEXT))
        .draw()
        .map_err(broken)
}
