//! A figure as a list of marks in pixels, before any file format or theme.
//!
//! Figures are laid out into a [`Scene`] once; [`crate::paint`] turns it into SVG and PNG, light and dark.

use crate::style::{Ink, PAPER, Shape, TEXT, size};

/// A place in pixels, x to the right and y downwards.
pub type Point = (f64, f64);

/// Where a text stands relative to its point. Vertically it is always centred on its small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The point is at its left.
    Start,
    /// The point is at its middle.
    Middle,
    /// The point is at its right.
    End,
}

/// One thing drawn.
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
    /// A line of text.
    Text {
        /// The point that `anchor` speaks of.
        at: Point,
        /// What it says.
        text: String,
        /// Its look.
        style: TextStyle,
        /// Where it stands.
        anchor: Anchor,
    },
}

/// How a text looks.
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

/// A figure laid out.
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
    /// An empty sheet of paper.
    pub fn new(width: f64, height: f64) -> Self {
        let corners = vec![(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        Self {
            width,
            height,
            marks: vec![Mark::Area {
                corners,
                ink: PAPER,
                opacity: 1.0,
            }],
        }
    }

    /// Adds a line; nothing if there are fewer than two points.
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
        match shape {
            Shape::Disc => self.marks.push(Mark::Disc {
                centre,
                radius,
                ink,
                opacity,
            }),
            _ => {
                let corner = |(x, y): Point| (centre.0 + radius * x, centre.1 + radius * y);
                self.area(
                    shape.corners().into_iter().map(corner).collect(),
                    ink,
                    opacity,
                );
            }
        }
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

    /// Every ink used, sorted, each once.
    pub fn inks(&self) -> Vec<Ink> {
        let mut inks: Vec<Ink> = self
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Line { ink, .. } | Mark::Area { ink, .. } | Mark::Disc { ink, .. } => *ink,
                Mark::Text { style, .. } => style.ink,
            })
            .collect();
        inks.sort_unstable();
        inks.dedup();
        inks
    }
}
