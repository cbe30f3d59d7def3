//! The report of a sweep: tables, figures and one page, rendered from a store.
//!
//! [`render()`] reads a sweep's trials from the store and writes a folder: `index.html` (one file that works offline
//! and without scripts, light and dark), `figures/` (SVG and PNG in both themes), `data/` (CSV and Parquet of every
//! table and figure) and `pictures/` (traversals, reconstructions and samples).
//!
//! The data flow has five steps. `load` reads the store into plain rows (`report_input`). `tables` and each figure's
//! `data` turn rows into polars frames. Each figure's `draw` lays out a `scene`. `paint` turns a scene into SVG and,
//! with plotters, into PNG. `page` fills the template. All colours, sizes and shapes are in `style`. The same store
//! gives the same bytes.
//!
//! This crate does not train, score or read the clock. It uses trials, scores and pictures from the store, and has no
//! code for tensors, devices or processes.

mod axis;
mod claims;
mod compare;
mod cross_trial;
mod curves;
mod error;
mod figures;
mod final_scores;
mod heatmap;
mod labels;
mod latex;
mod load;
mod missing;
mod output;
mod page;
mod paint;
mod panel;
mod picture_sheet;
mod published;
mod reconstruction_axis;
mod render;
mod report_input;
mod scene;
mod stats;
mod style;
mod summary;
mod tables;
mod words;

pub use compare::{CompareError, Compared, Side, compare};
pub use error::ReportError;
pub use page::Remarks;
pub use render::{Alone, Progress, Rendered, draw_alone, render, render_with};
