//! placeholder while it is being written
#[derive(Debug, clap::Args)]
pub struct EvaluateArgs {}
pub fn evaluate(_: &EvaluateArgs) -> Result<crate::exit::Exit, crate::exit::Failure> {
    Err(crate::exit::Failure::usage("not yet"))
}
