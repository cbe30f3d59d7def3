//! `unravel init`: writes a starter sweep file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::{printable, stderr, stdout};

/// A small sweep with comments.
const STARTER: &str = include_str!("init/starter.toml");

#[derive(Args, Debug)]
pub struct InitArgs {
    /// Name of the sweep, or path of its file, with or without `.toml`
    #[arg(default_value = "my-sweep", value_name = "NAME")]
    name: PathBuf,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
}

/// Writes the starter; fails if the file exists.
pub fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let (path, name) = place(&args.name)?;
    let text = starter(&path, &name);
    if let Err(faults) = unravel_sweep::parse(&text) {
        let why = faults.iter().next().map_or("", |fault| &fault.message);
        let sentence = format!("`{name}` is not a valid sweep name: {why}");
        return Err(Failure::usage(sentence));
    }
    write_new(&path, &text)?;
    if args.json {
        stdout::json(&json!({ "sweep": stdout::path(&path), "name": name }));
        return Ok(Exit::Success);
    }
    stderr::line(format_args!(
        "created {0}; edit it, then run `unravel run {0}`",
        path.display()
    ));
    stdout::line(&path.display().to_string());
    Ok(Exit::Success)
}

/// The path of the file, and the name of the sweep.
fn place(asked: &Path) -> Result<(PathBuf, String), Failure> {
    let name = asked.file_name().and_then(|name| name.to_str());
    let Some(name) = name else {
        let sentence = format!(
            "`{}` is not the name of a file; choose a name such as `my-sweep`",
            asked.display()
        );
        return Err(Failure::usage(sentence));
    };
    let name = name.strip_suffix(".toml").unwrap_or(name);
    Ok((
        asked.with_file_name(format!("{name}.toml")),
        name.to_owned(),
    ))
}

fn starter(path: &Path, name: &str) -> String {
    STARTER
        // The path is in a comment, where TOML forbids control characters.
        .replace("{file}", &printable::line(&path.display().to_string()))
        .replace("{name}", &name.escape_debug().to_string())
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let file = path.display();
        match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::usage(format!(
                "`{file}` already exists and was not changed; choose another name"
            )),
            _ => Failure::new(
                Exit::BadStore,
                format!(
                    "cannot write `{file}`: {error}; check the folder, its permissions and the free space, or choose another path"
                ),
            ),
        }
    };
    if let Some(folder) = path.parent() {
        // Distinguishes a file in place of the folder from a sweep file that exists.
        let in_the_way = |error: io::Error| io::Error::new(io::ErrorKind::NotADirectory, error);
        fs::create_dir_all(folder)
            .map_err(in_the_way)
            .map_err(failed)?;
    }
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // A partial file would make the next try fail.
        let _ = fs::remove_file(path);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commented-out lines are valid too.
    #[test]
    fn every_line_that_is_commented_out_is_valid_as_well() {
        let text = starter(Path::new("s.toml"), "s");
        let (head, optional) = text
            .split_once("Uncomment the lines to enable them:\n")
            .unwrap();
        let (arms, tail) = optional.split_once("[evaluation]").unwrap();
        let switched_on: String = arms
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line)))
            .collect();
        let all = unravel_sweep::parse(&format!("{head}\n{switched_on}[evaluation]{tail}"));
        let all = all.unwrap_or_else(|faults| panic!("{faults}"));
        let as_written = unravel_sweep::parse(&text).unwrap();
        assert_eq!((as_written.arms.len(), all.arms.len()), (2, 6));
    }

    #[test]
    fn a_name_with_or_without_its_ending_is_the_same_place() {
        let of = |asked: &str| place(Path::new(asked)).ok();
        let expected = |path: &str| Some((PathBuf::from(path), "first".to_owned()));
        assert_eq!(of("first"), expected("first.toml"));
        assert_eq!(of("sweeps/first.toml"), expected("sweeps/first.toml"));
        assert_eq!(of(".."), None);
    }
}
