//! placeholder while it is being written
#[derive(Debug, clap::Args)]
pub struct DatasetArgs {}
pub fn dataset(_: &DatasetArgs) -> Result<crate::exit::Exit, crate::exit::Failure> {
    Err(crate::exit::Failure::usage("not yet"))
}
