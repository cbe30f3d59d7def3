//! `unravel dataset`: writes, verifies and previews the dSprites file.

mod export;
mod preview;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};

#[derive(Args, Debug)]
pub struct DatasetArgs {
    #[command(subcommand)]
    verb: DatasetVerb,
}

#[derive(Debug, Subcommand)]
enum DatasetVerb {
    /// Render dSprites and write it in the format of the official npz file
    Export(ExportArgs),
    /// Compare an npz of dSprites with the rendering, pixel by pixel; exit code 1 if they differ
    Verify(VerifyArgs),
    /// Draw an image of the effect of each factor
    Preview(PreviewArgs),
}

#[derive(Args, Debug)]
struct ExportArgs {
    /// The npz to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Args, Debug)]
struct VerifyArgs {
    /// The npz to check
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Args, Debug)]
struct PreviewArgs {
    /// The PNG to write
    #[arg(long, value_name = "FILE.png", default_value = "dsprites-preview.png")]
    out: PathBuf,
}

/// Writes, checks or draws the dataset.
pub fn dataset(args: &DatasetArgs) -> Result<Exit, Failure> {
    match &args.verb {
        DatasetVerb::Export(args) => export::export(args),
        DatasetVerb::Verify(args) => verify::verify(args),
        DatasetVerb::Preview(args) => preview::preview(args),
    }
}
