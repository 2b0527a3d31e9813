//! Reliability and risk–coverage curves as SVG, drawn without a library.

use std::fmt::Write as _;
use std::io::Result;
use std::path::Path;

use crate::host::confidence::measure::{Point, Ranked};

/// Side of the plotted square, and the space around it, in pixels.
const SIDE: f64 = 360.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 48.0;
const RIGHT: f64 = 16.0;
/// Points of a curve at most: more cannot be told apart on the page.
const POINTS_MAX: usize = 600;

/// Writes both curves of a set of rows.
pub(super) fn write(directory: &Path, name: &str, ranked: &Ranked) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    let safe = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let file: String = name.chars().map(safe).collect();
    let reliability = Plot {
        title: format!("Reliability, {name}"),
        x: "mean probability of a bin",
        y: "share of right drafts",
        diagonal: true,
        dots: true,
    };
    let risk_coverage = Plot {
        title: format!("Risk and coverage, {name}"),
        x: "share of drafts answered",
        y: "share of wrong ones among them",
        diagonal: false,
        dots: false,
    };
    std::fs::write(
        directory.join(format!("reliability-{file}.svg")),
        reliability.svg(&ranked.reliability()),
    )?;
    std::fs::write(
        directory.join(format!("risk-coverage-{file}.svg")),
        risk_coverage.svg(&thinned(&ranked.risk_coverage())),
    )
}

struct Plot {
    title: String,
    x: &'static str,
    y: &'static str,
    diagonal: bool,
    dots: bool,
}

impl Plot {
    fn svg(&self, points: &[Point]) -> String {
        let (width, height) = (LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM);
        let title = escaped(&self.title);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{title}</text>\n"
        );
        for step in 0..=5_u8 {
            let share = f64::from(step) / 5.0;
            let (x, y) = (across(share), down(share));
            let (right, bottom) = (across(1.0), down(0.0));
            let _ = write!(
                out,
                "<path d=\"M{x:.1} {TOP}V{bottom:.1}M{LEFT} {y:.1}H{right:.1}\" stroke=\"#ddd\" fill=\"none\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{share:.1}</text>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{share:.1}</text>\n",
                bottom + 16.0,
                LEFT - 6.0,
                y + 4.0,
            );
        }
        if self.diagonal {
            let (right, bottom) = (across(1.0), down(0.0));
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {bottom:.1}L{right:.1} {TOP}\" stroke=\"#999\" stroke-dasharray=\"4 4\" fill=\"none\"/>"
            );
        }
        let line: Vec<String> = points
            .iter()
            .map(|point| format!("{:.1},{:.1}", across(point.x), down(point.y)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#1a5fb4\" stroke-width=\"2\"/>",
            line.join(" ")
        );
        for point in points.iter().filter(|_| self.dots) {
            let (x, y) = (across(point.x), down(point.y));
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#1a5fb4\"/>");
        }
        let (middle, below) = (across(0.5), height - 10.0);
        let _ = write!(
            out,
            "<text x=\"{middle:.1}\" y=\"{below:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text x=\"14\" y=\"{:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {:.1})\">{}</text>\n</svg>\n",
            self.x,
            down(0.5),
            down(0.5),
            self.y,
        );
        out
    }
}

fn across(share: f64) -> f64 {
    LEFT + SIDE * share
}

fn down(share: f64) -> f64 {
    TOP + SIDE * (1.0 - share)
}

/// Every so many points, and the last.
fn thinned(points: &[Point]) -> Vec<Point> {
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    let mut kept: Vec<Point> = points.iter().step_by(step).copied().collect();
    if !points.len().saturating_sub(1).is_multiple_of(step) {
        kept.extend(points.last());
    }
    kept
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
