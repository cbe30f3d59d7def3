//! What is in a folder, and in a store, seen from outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

/// A file's content and the time of its last change.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    pub bytes: Vec<u8>,
    pub modified: SystemTime,
}

/// Every file below a folder, by its path in it.
pub fn files(folder: &Path) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found);
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Seen>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            let modified = entry.metadata().unwrap().modified().unwrap();
            found.insert(name, Seen { bytes, modified });
        }
    }
}

/// What the trials of a store came to: everything but the history of how they came to it.
pub fn results(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let is_history = |name: &str| {
        ["/state.json", "/log.txt", "/lock"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    files(store)
        .into_iter()
        .filter(|(name, _)| name.contains('/') && !is_history(name))
        .map(|(name, seen)| (name, seen.bytes))
        .collect()
}

/// Fails with the names of the files that are not the same.
pub fn assert_same<T: PartialEq>(
    context: &str,
    found: &BTreeMap<String, T>,
    expected: &BTreeMap<String, T>,
) {
    let names = found.keys().chain(expected.keys());
    let mut differing: Vec<&String> = names
        .filter(|name| found.get(*name) != expected.get(*name))
        .collect();
    differing.dedup();
    differing.sort();
    differing.dedup();
    assert!(differing.is_empty(), "{context}: {differing:?} differ");
}

/// The states of a store's trials, by id. A trial that has none yet is left out.
pub fn states(store: &Path) -> BTreeMap<String, Value> {
    let Ok(entries) = fs::read_dir(store) else {
        return BTreeMap::new();
    };
    let state = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("state.json")).ok()?;
        let id = entry.file_name().into_string().ok()?;
        let state = serde_json::from_str(&text).expect("a state is never half-written");
        Some((id, state))
    };
    entries.filter_map(|entry| state(entry.ok()?)).collect()
}

/// Updates done and saved, by trial.
pub fn steps(store: &Path) -> BTreeMap<String, u64> {
    let step = |state: &Value| state["step"].as_u64().unwrap();
    states(store)
        .iter()
        .map(|(id, state)| (id.clone(), step(state)))
        .collect()
}

/// How many times a worker began or resumed each trial.
pub fn attempts(store: &Path) -> BTreeMap<String, u64> {
    let attempts = |state: &Value| state["attempts"].as_u64().unwrap();
    states(store)
        .iter()
        .map(|(id, state)| (id.clone(), attempts(state)))
        .collect()
}

/// The times at which the final weights were written, by path.
pub fn models(store: &Path) -> BTreeMap<String, SystemTime> {
    files(store)
        .into_iter()
        .filter(|(name, _)| name.ends_with("/model.safetensors"))
        .map(|(name, seen)| (name, seen.modified))
        .collect()
}
