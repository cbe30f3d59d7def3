//! `unravel init`: a sweep file to begin with.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::{harmless, output, say};

/// A small sweep with a word on every line.
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

/// Writes the starter; a file that is there stays as it is.
pub fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let (path, name) = place(&args.name)?;
    let text = starter(&path, &name);
    if let Err(faults) = unravel_sweep::parse(&text) {
        let why = faults.iter().next().map_or("", |fault| &fault.message);
        let sentence = format!("`{name}` cannot be a sweep's name: {why}");
        return Err(Failure::usage(sentence));
    }
    write_new(&path, &text)?;
    if args.json {
        output::json(&json!({ "sweep": output::path(&path), "name": name }));
        return Ok(Exit::Success);
    }
    say::line(format_args!(
        "Look into it, then: unravel run {}",
        path.display()
    ));
    output::line(&path.display().to_string());
    Ok(Exit::Success)
}

/// The file, and the name of the sweep in it.
fn place(asked: &Path) -> Result<(PathBuf, String), Failure> {
    let name = asked.file_name().and_then(|name| name.to_str());
    let Some(name) = name else {
        let sentence = format!("`{}` names no file; try `my-sweep`", asked.display());
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
        // It stands in a comment, in which TOML allows no control character.
        .replace("{file}", &harmless::line(&path.display().to_string()))
        .replace("{name}", &name.escape_debug().to_string())
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let file = path.display();
        match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::usage(format!(
                "`{file}` is there already, and was left as it is; give another name"
            )),
            _ => Failure::new(
                Exit::BadStore,
                format!(
                    "cannot write `{file}`: {error}; check the folder, its permissions and the free space"
                ),
            ),
        }
    };
    if let Some(folder) = path.parent() {
        // A file in the way is told apart from one that is there already.
        let in_the_way = |error: io::Error| io::Error::new(io::ErrorKind::NotADirectory, error);
        fs::create_dir_all(folder)
            .map_err(in_the_way)
            .map_err(failed)?;
    }
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // Half a file would be in the way of the next try.
        let _ = fs::remove_file(path);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the starter offers in comments is right too.
    #[test]
    fn every_line_that_is_commented_out_is_valid_as_well() {
        let text = starter(Path::new("s.toml"), "s");
        let (head, optional) = text.split_once("taking the `#` away:\n").unwrap();
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
