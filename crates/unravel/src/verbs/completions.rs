//! `unravel completions`: what a shell needs to complete this command line.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::exit::Exit;
use crate::stdout;

const WHERE: &str = "\
Where to install the completions:
  bash        unravel completions bash > ~/.local/share/bash-completion/completions/unravel
  zsh         unravel completions zsh  > FOLDER/_unravel   (FOLDER is a folder in $fpath)
  fish        unravel completions fish > ~/.config/fish/completions/unravel.fish
  elvish      unravel completions elvish >> ~/.config/elvish/rc.elv
  powershell  unravel completions powershell >> $PROFILE";

#[derive(Args, Debug)]
#[command(after_help = WHERE)]
pub struct CompletionsArgs {
    /// Shell to print completions for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the shell's script for the command line `program`.
pub fn completions(args: &CompletionsArgs, mut program: Command) -> Exit {
    let mut script = Vec::new();
    generate(args.shell, &mut program, "unravel", &mut script);
    stdout::line(String::from_utf8_lossy(&script).trim_end());
    Exit::Success
}
