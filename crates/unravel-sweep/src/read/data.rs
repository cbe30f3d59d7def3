//! `[data]`.

use std::collections::BTreeMap;

use super::collector::Collector;
use super::node::shown;
use super::node::{Entry, entries};
use super::numbers::count;
use super::tree::string;
use crate::data::{DataConfig, DatasetSource};

const KEYS: &[&str] = &["dataset", "npz", "keep"];

/// The observations; their content is filled in later.
pub(super) fn read(entry: &Entry, faults: &mut Collector) -> Option<DataConfig> {
    let (mut dataset, mut npz, mut keep) = (None, None, None);
    for inner in entries(entry.table("a [data] table", faults)?) {
        match inner.key {
            "dataset" => dataset = Some(inner),
            "npz" => npz = Some(inner),
            "keep" => keep = Some(inner),
            _ => faults.unknown_key(&inner, "[data]", KEYS),
        }
    }
    let dataset = match (dataset, npz) {
        (Some(_), Some(npz)) => {
            let message = "[data] has both `dataset` and `npz`";
            faults.push_with_help(
                npz.key_span,
                message,
                "a second dataset",
                "remove one of them",
            );
            None
        }
        (Some(dataset), None) => read_dataset(&dataset, faults),
        (None, Some(npz)) => read_npz(&npz, faults),
        (None, None) => Some(DatasetSource::Dsprites),
    };
    let keep = keep.map_or(Some(BTreeMap::new()), |keep| {
        read_keep(&keep, dataset.as_ref(), faults)
    });
    Some(DataConfig {
        dataset: dataset?,
        content: String::new(),
        keep: keep?,
    })
}

fn read_dataset(entry: &Entry, faults: &mut Collector) -> Option<DatasetSource> {
    let name = string(entry.value, "dataset", faults)?;
    let dataset = DatasetSource::from_name(name);
    if dataset.is_none() && name.ends_with(".npz") {
        let message = format!("unknown dataset \"{}\"", shown(name));
        faults.push_with_help(
            entry.value.span(),
            message,
            "a path",
            format!("write npz = {name:?}"),
        );
    } else if dataset.is_none() {
        let known: Vec<&str> = DatasetSource::names().collect();
        faults.unknown_name(entry.value.span(), "dataset", name, &known);
    }
    dataset
}

fn read_npz(entry: &Entry, faults: &mut Collector) -> Option<DatasetSource> {
    let path = string(entry.value, "npz", faults)?;
    if path.is_empty() {
        faults.push(
            entry.value.span(),
            "`npz` must be the path of a file",
            "empty",
        );
        return None;
    }
    Some(DatasetSource::Npz {
        path: path.to_owned(),
    })
}

/// How many values of each factor are kept; a factor that is kept whole is left out, being the same as not named.
fn read_keep(
    entry: &Entry,
    dataset: Option<&DatasetSource>,
    faults: &mut Collector,
) -> Option<BTreeMap<String, usize>> {
    let mut keep = BTreeMap::new();
    let n_faults = faults.len();
    for factor in entries(entry.table("keep = { orientation = 10 }", faults)?) {
        // The factors of a file are known when it is read.
        let factors = dataset.and_then(DatasetSource::factors);
        let size = factors.and_then(|factors| factors.iter().find(|(name, _)| *name == factor.key));
        if let (Some(factors), None) = (factors, size) {
            let known: Vec<&str> = factors.iter().map(|(name, _)| *name).collect();
            faults.unknown_name(factor.key_span, "factor", factor.key, &known);
            continue;
        }
        let max = size.map_or(u32::MAX as usize, |&(_, size)| size);
        let kept = count(factor.value, &shown(factor.key), 1, max as u64, faults);
        if let Some(kept) = kept.filter(|&kept| size.is_none_or(|&(_, size)| kept < size as u64)) {
            keep.insert(factor.key.to_owned(), kept as usize);
        }
    }
    (n_faults == faults.len()).then_some(keep)
}
