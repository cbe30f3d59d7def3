//! The report of a sweep: tables, figures and one page, rendered from a store.
//!
//! [`render()`] reads what the store has of a sweep's trials and writes a folder: `index.html` (one file that works
//! offline and without scripts, light and dark), `figures/` (SVG and PNG in both themes), `data/` (CSV and Parquet of
//! every table and figure) and `pictures/` (traversals, reconstructions and samples).
//!
//! The way of the numbers is one: `load` turns the store into plain `rows`; `tables` and each figure's `data` (polars)
//! turn rows into frames; each figure's `draw` lays a `scene` out, which `paint` turns into SVG and (through plotters) into PNG; `page`
//! puts it all into the template. Looks are decided in `style` alone. The same store gives the same bytes.
//!
//! This crate trains nothing, scores nothing and reads no clock. It knows trials, scores and pictures as the store
//! hands them out, and nothing of tensors, devices or processes.

mod axis;
mod cells;
mod claims;
mod compare;
mod cross_trial;
mod curves;
mod error;
mod figures;
mod labels;
mod latex;
mod load;
mod missing;
mod output;
mod page;
mod paint;
mod panel;
mod published;
mod reconstruction_axis;
mod render;
mod rows;
mod scene;
mod scored;
mod sheet;
mod stats;
mod style;
mod summary;
mod tables;
mod words;

pub use compare::{CompareError, Compared, Side, compare};
pub use error::ReportError;
pub use page::Remarks;
pub use render::{Alone, Progress, Rendered, draw_alone, render, render_with};
