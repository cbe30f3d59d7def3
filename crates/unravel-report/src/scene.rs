//! A figure as a list of marks in pixels, independent of file format and theme.
//!
//! Figures are laid out into a [`Scene`] once; [`crate::paint`] turns it into SVG and PNG, light and dark.

use crate::style::{Ink, PAPER, Shape, TEXT, size};

/// A point in pixels; x goes to the right and y downwards.
pub type Point = (f64, f64);

/// The horizontal position of a text relative to its point. Vertically, lower-case letters are centred on the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text starts at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// One drawn element.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points.
    Line {
        /// At least two points.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// 0..=1.
        opacity: f64,
        /// In pixels.
        width: f64,
    },
    /// A filled polygon.
    Area {
        /// Its corners.
        corners: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// 0..=1.
        opacity: f64,
    },
    /// A filled disc.
    Disc {
        /// Its centre.
        centre: Point,
        /// In pixels.
        radius: f64,
        /// Its colour.
        ink: Ink,
        /// 0..=1.
        opacity: f64,
    },
    /// Equal marks at many points.
    Dots {
        /// Their shape.
        shape: Shape,
        /// Their centres.
        centres: Vec<Point>,
        /// In pixels.
        radius: f64,
        /// Their colour.
        ink: Ink,
        /// 0..=1.
        opacity: f64,
    },
    /// A line of text.
    Text {
        /// The anchor point.
        at: Point,
        /// The text.
        text: String,
        /// Its look.
        style: TextStyle,
        /// Its position relative to the point.
        anchor: Anchor,
    },
}

/// The width of the outline of a hollow mark, in pixels.
const HOLLOW: f64 = 1.6;
/// The length of dashes and of the gaps between them, in pixels.
const DASH: f64 = 5.0;
const DASH_GAP: f64 = 3.0;

impl Mark {
    /// The mark moved by (dx, dy).
    fn moved(&self, (dx, dy): Point) -> Self {
        let shift = |(x, y): Point| (x + dx, y + dy);
        let mut moved = self.clone();
        match &mut moved {
            Self::Line { points, .. }
            | Self::Area {
                corners: points, ..
            }
            | Self::Dots {
                centres: points, ..
            } => points.iter_mut().for_each(|point| *point = shift(*point)),
            Self::Disc { centre: at, .. } | Self::Text { at, .. } => *at = shift(*at),
        }
        moved
    }
}

/// The style of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Font size in pixels.
    pub size: f64,
    /// Semibold instead of regular.
    pub bold: bool,
    /// Its colour.
    pub ink: Ink,
}

impl TextStyle {
    /// Regular text of a size and colour.
    pub fn new(size: f64, ink: Ink) -> Self {
        Self {
            size,
            bold: false,
            ink,
        }
    }

    /// The text of titles.
    pub fn title() -> Self {
        Self {
            size: size::TITLE,
            bold: true,
            ink: TEXT,
        }
    }
}

/// The layout of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// From back to front.
    pub marks: Vec<Mark>,
}

impl Scene {
    /// An empty scene with a background.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            marks: vec![Self::paper(width, height)],
        }
    }

    /// The background of a scene.
    fn paper(width: f64, height: f64) -> Mark {
        Mark::Area {
            corners: vec![(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)],
            ink: PAPER,
            opacity: 1.0,
        }
    }

    /// Increases the height of the scene at its lower edge.
    pub fn heighten(&mut self, pixels: f64) {
        self.height += pixels;
        if let Some(paper) = self.marks.first_mut() {
            *paper = Self::paper(self.width, self.height);
        }
    }

    /// Adds a line, if there are at least two points.
    pub fn line(&mut self, points: Vec<Point>, ink: Ink, opacity: f64, width: f64) {
        if 2 <= points.len() {
            self.marks.push(Mark::Line {
                points,
                ink,
                opacity,
                width,
            });
        }
    }

    /// Adds a filled polygon.
    pub fn area(&mut self, corners: Vec<Point>, ink: Ink, opacity: f64) {
        self.marks.push(Mark::Area {
            corners,
            ink,
            opacity,
        });
    }

    /// Adds a mark of a family's shape.
    pub fn shape(&mut self, shape: Shape, centre: Point, radius: f64, ink: Ink, opacity: f64) {
        if shape == Shape::Disc {
            self.marks.push(Mark::Disc {
                centre,
                radius,
                ink,
                opacity,
            });
        } else {
            self.area(shape.corners_at(centre, radius), ink, opacity);
        }
    }

    /// Adds equal marks at these points, if there are any.
    pub fn dots(&mut self, shape: Shape, centres: Vec<Point>, radius: f64, ink: Ink, opacity: f64) {
        if !centres.is_empty() {
            self.marks.push(Mark::Dots {
                shape,
                centres,
                radius,
                ink,
                opacity,
            });
        }
    }

    /// Adds a hollow mark of a family's shape: its outline, filled with the background colour.
    pub fn hollow(&mut self, shape: Shape, centre: Point, radius: f64, ink: Ink) {
        self.shape(shape, centre, radius, ink, 1.0);
        self.shape(shape, centre, radius - HOLLOW, PAPER, 1.0);
    }

    /// Adds a dashed line between two points.
    pub fn dashes(&mut self, from: Point, to: Point, ink: Ink, opacity: f64, width: f64) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let n = (dx.hypot(dy) / (DASH + DASH_GAP)).ceil().max(1.0);
        let at = |share: f64| (from.0 + dx * share, from.1 + dy * share);
        let inked = DASH / (DASH + DASH_GAP);
        for i in 0..n as usize {
            let start = i as f64 / n;
            self.line(vec![at(start), at(start + inked / n)], ink, opacity, width);
        }
    }

    /// A rectangle.
    pub fn rectangle(
        &mut self,
        (left, top): Point,
        (right, bottom): Point,
        ink: Ink,
        opacity: f64,
    ) {
        let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
        self.area(corners, ink, opacity);
    }

    /// Combines scenes of equal width into one, with `columns` scenes per row. A row is as high as its highest scene.
    pub fn tiled(scenes: &[Self], columns: usize) -> Self {
        if let [only] = scenes {
            return only.clone();
        }
        let columns = columns.clamp(1, scenes.len().max(1));
        let width = scenes.iter().map(|scene| scene.width).fold(0.0, f64::max);
        let rows: Vec<&[Self]> = scenes.chunks(columns).collect();
        let heights: Vec<f64> = rows
            .iter()
            .map(|row| row.iter().map(|scene| scene.height).fold(0.0, f64::max))
            .collect();
        let mut all = Self::new(width * columns as f64, heights.iter().sum());
        let mut top = 0.0;
        for (row, height) in rows.into_iter().zip(heights) {
            for (column, scene) in row.iter().enumerate() {
                let shift = (width * column as f64, top);
                all.marks
                    .extend(scene.marks.iter().map(|mark| mark.moved(shift)));
            }
            top += height;
        }
        all
    }

    /// Adds a line of text.
    pub fn text(&mut self, at: Point, text: impl Into<String>, style: TextStyle, anchor: Anchor) {
        self.marks.push(Mark::Text {
            at,
            text: text.into(),
            style,
            anchor,
        });
    }

    /// The distinct inks of the scene, sorted.
    pub fn inks(&self) -> Vec<Ink> {
        let mut inks: Vec<Ink> = self
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Line { ink, .. }
                | Mark::Area { ink, .. }
                | Mark::Disc { ink, .. }
                | Mark::Dots { ink, .. } => *ink,
                Mark::Text { style, .. } => style.ink,
            })
            .collect();
        inks.sort_unstable();
        inks.dedup();
        inks
    }
}
