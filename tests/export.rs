//! `unravel export`: a trial's weights as PyTorch has them and its codes as NumPy has them. That PyTorch computes the
//! same with such weights is tested in `unravel-model`.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use unravel_data::arrays::{Archive, ArrayFile};
use unravel_store::Store;

use support::lab::Lab;
use support::store::{Seen, assert_same, files, states};
use support::sweeps::TINY;

/// The tensors of [`TINY`]'s network in PyTorch: names and shapes.
const SHAPES: [(&str, &[usize]); 20] = [
    ("decoder.0.bias", &[128]),
    ("decoder.0.weight", &[128, 3]),
    ("decoder.11.bias", &[1]),
    ("decoder.11.weight", &[8, 1, 4, 4]),
    ("decoder.2.bias", &[512]),
    ("decoder.2.weight", &[512, 128]),
    ("decoder.5.bias", &[32]),
    ("decoder.5.weight", &[32, 32, 4, 4]),
    ("decoder.7.bias", &[16]),
    ("decoder.7.weight", &[32, 16, 4, 4]),
    ("decoder.9.bias", &[8]),
    ("decoder.9.weight", &[16, 8, 4, 4]),
    ("encoder.0.bias", &[8]),
    ("encoder.0.weight", &[8, 1, 4, 4]),
    ("encoder.9.bias", &[128]),
    ("encoder.9.weight", &[128, 512]),
    ("z_logvar.bias", &[3]),
    ("z_logvar.weight", &[3, 128]),
    ("z_mean.bias", &[3]),
    ("z_mean.weight", &[3, 128]),
];

/// A safetensors file: its header, and where the numbers begin.
struct Tensors {
    header: Value,
    data: Vec<u8>,
}

impl Tensors {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        Self {
            header: serde_json::from_slice(header).unwrap(),
            data: data.to_vec(),
        }
    }

    fn values(&self, name: &str) -> Vec<f32> {
        let tensor = &self.header[name];
        assert_eq!(tensor["dtype"], "F32", "{name}");
        let at = |i: usize| tensor["data_offsets"][i].as_u64().unwrap() as usize;
        let (values, rest) = self.data[at(0)..at(1)].as_chunks::<4>();
        assert!(rest.is_empty());
        values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }
}

/// A lab where [`TINY`] was run, and the ids of its two trials.
fn trained(options: &[&str]) -> (Lab, Vec<String>) {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&[&["run", "sweep.toml", "--quiet"], options].concat());
    let ids = states(&lab.path("runs")).into_keys().collect();
    (lab, ids)
}

fn floats(archive: &mut Archive, key: &str) -> (Vec<u64>, Vec<f32>) {
    let array = archive.array(key).unwrap();
    (array.shape().to_vec(), array.floats().unwrap())
}

#[test]
fn weights_have_the_names_shapes_and_places_of_pytorch() {
    let (lab, ids) = trained(&[]);
    let before = files(&lab.path("runs"));
    let ran = lab.run_well(&["export", &ids[0], "--json", "--no-codes"]);
    let export = &ran.json()["exports"][0];
    assert_eq!(export["trial"], ids[0]);
    assert_eq!(
        (&export["codes"], &export["table"]),
        (&Value::Null, &Value::Null)
    );
    let exported = Tensors::read(&lab.path(export["weights"].as_str().unwrap()));
    for (name, shape) in SHAPES {
        assert_eq!(exported.header[name]["shape"], json!(shape), "{name}");
    }
    let about = &exported.header["__metadata__"];
    for (key, value) in [
        ("format", "pt"),
        ("trial", &ids[0]),
        ("architecture", "conv-small"),
        ("latents", "3"),
        ("image", "64x64x1"),
        ("step", "20"),
    ] {
        assert_eq!(about[key], value, "{key}");
    }

    let stored = Tensors::read(&lab.path(&format!("runs/{}/model.safetensors", ids[0])));
    let (ours, theirs) = (
        stored.values("encoder.1.weight"),
        exported.values("encoder.2.weight"),
    );
    for (at, value) in theirs.iter().enumerate() {
        let (out, input, tap) = (at / (8 * 16), at / 16 % 8, at % 16);
        assert_eq!(*value, ours[(tap * 8 + input) * 16 + out]);
    }
    // The first fully connected layer reads 4 x 4 pixels of 32 channels: channels last here, first there.
    let (ours, theirs) = (
        stored.values("encoder.4.weight"),
        exported.values("encoder.9.weight"),
    );
    for (at, value) in theirs.iter().enumerate() {
        let (out, channel, pixel) = (at / 512, at % 512 / 16, at % 16);
        assert_eq!(*value, ours[(pixel * 32 + channel) * 128 + out]);
    }
    let (heads, logvar) = (
        stored.values("encoder.5.bias"),
        exported.values("z_logvar.bias"),
    );
    assert_eq!(
        (&heads[..3], &heads[3..]),
        (&exported.values("z_mean.bias")[..], &logvar[..])
    );
    support::store::assert_same("the store", &files(&lab.path("runs")), &before);
}

#[test]
fn codes_are_those_of_the_store_and_score_the_same() {
    let (lab, ids) = trained(&[]);
    lab.run_well(&["export", &ids[1], "--quiet"]);
    let folder = format!("exports/{}", ids[1]);
    // The grid is smaller than the probe, so that this holds every point.
    let mut probe = Archive::open(&lab.path(&format!("runs/{}/probe.npz", ids[1]))).unwrap();
    let mut table = Archive::open(&lab.path(&format!("{folder}/codes.npz"))).unwrap();
    let (shape, codes) = floats(&mut table, "codes");
    assert_eq!(shape, [24, 3]);
    assert_eq!((shape.clone(), codes.clone()), floats(&mut probe, "z_mean"));
    assert_eq!(
        floats(&mut table, "logvars"),
        floats(&mut probe, "z_logvar")
    );
    let ArrayFile::Array(npy) = ArrayFile::open(&lab.path(&format!("{folder}/codes.npy"))).unwrap()
    else {
        panic!("codes.npy is no single array");
    };
    assert_eq!(
        (npy.shape().to_vec(), npy.floats().unwrap()),
        (shape, codes)
    );

    let path = format!("{folder}/codes.npz");
    let args = [
        "evaluate",
        &path,
        "--json",
        "--metrics",
        "mig",
        "--seeds",
        "2",
    ];
    let evaluated = lab.run_well(&args).json();
    let stored: Value =
        serde_json::from_str(&lab.read(&format!("runs/{}/scores/mig.json", ids[1]))).unwrap();
    for record in stored["scores"].as_array().unwrap() {
        let is_same = |score: &&Value| {
            ["metric", "quantity", "variant"]
                .iter()
                .all(|key| score[key] == record[key])
        };
        let score = evaluated["scores"]
            .as_array()
            .unwrap()
            .iter()
            .find(is_same)
            .unwrap();
        assert_eq!(score["values"], record["values"], "{record}");
    }
}

#[test]
fn kept_codes_are_exported_as_they_are() {
    let (lab, ids) = trained(&["--keep-codes"]);
    let path = lab.path(&format!("runs/{}/codes.npz", ids[0]));
    let mut kept = Archive::open(&path).unwrap();
    let kept = floats(&mut kept, "z_logvar");
    lab.run_well(&["export", &ids[0], "--quiet"]);
    let table = lab.path(&format!("exports/{}/codes.npz", ids[0]));
    assert_eq!(floats(&mut Archive::open(&table).unwrap(), "logvars"), kept);
}

#[test]
fn a_trial_is_found_by_prefix_and_by_what_it_is_like() {
    let (lab, ids) = trained(&[]);
    let exported = |asked: &str, options: &[&str]| {
        let args = [&["export", asked, "--json", "--no-codes"], options].concat();
        let json = lab.run_well(&args).json();
        let trials = json["exports"].as_array().unwrap().iter();
        trials
            .map(|export| export["trial"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(exported(&ids[0][..8], &[]), [ids[0].clone()]);
    let [first] = &exported("beta=8,seed=0", &[])[..] else {
        panic!("one trial has this beta");
    };
    let trial = lab.read(&format!("runs/{first}/trial.toml"));
    assert!(trial.contains("beta = 8"), "{trial}");
    assert_eq!(
        exported("objective=beta-vae", &["--all", "--out", "all"]),
        ids
    );
    assert!(
        lab.path(&format!("all/{}/weights.safetensors", ids[1]))
            .is_file()
    );
}

#[test]
fn what_cannot_be_exported_is_refused_in_one_sentence() {
    let (lab, ids) = trained(&[]);
    let refused = |asked: &str, options: &[&str], code: i32, expected: &str| {
        let ran = lab.run(&[&["export", asked, "--no-codes"], options].concat());
        assert_eq!(
            (ran.code, &ran.stdout[..]),
            (Some(code), ""),
            "{asked}: {}",
            ran.stderr
        );
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{asked}: {}", ran.stderr);
    };
    refused(
        "zz",
        &[],
        2,
        "no trial in the store `runs` matches `zz`; `unravel status SWEEP.toml --json` lists its 2 trials",
    );
    refused(
        "beta=5",
        &[],
        2,
        "no trial in the store `runs` matches `beta=5`; ",
    );
    for (asked, why) in [
        ("foo=1", ": `foo` is not a key of any trial; "),
        (
            "seed=0,beta=x",
            ": `x` is not a number, but the values of `beta` are; ",
        ),
    ] {
        refused(asked, &[], 2, why);
    }
    refused("seed=0", &[], 2, "`seed=0` matches 2 trials: ");
    refused("beta=", &[], 2, "`beta=` in `beta=` must be key=value");
    refused(
        &ids[0],
        &["--store", "elsewhere"],
        2,
        "the store `elsewhere` has no trials",
    );
    let stored = files(&lab.path("runs"));
    for out in ["runs", "runs/exports", "./runs/../runs"] {
        let expected = "is in the store `runs`; choose a folder outside the store";
        refused(&ids[0], &["--out", out], 2, expected);
    }
    assert_same("the store", &files(&lab.path("runs")), &stored);
    lab.write("file", "in the way");
    refused(&ids[0], &["--out", "file"], 5, "cannot create `file/");

    let model = lab.path(&format!("runs/{}/model.safetensors", ids[0]));
    let other = format!("runs/{}/model.safetensors", ids[1]);
    fs::copy(&model, lab.path(&other)).unwrap();
    refused(
        &ids[1],
        &[],
        5,
        &format!("is damaged: it is of trial {}", ids[0]),
    );
    fs::remove_file(&model).unwrap();
    refused(&ids[0], &[], 4, "is not trained: it is at step 20 of 20");
}

/// The only line that a refused export says.
fn refusal(lab: &Lab, asked: &str) -> String {
    let ran = lab.run(&["export", asked, "--no-codes"]);
    assert_eq!(ran.code, Some(5), "{asked}: {}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    ran.stderr
}

#[test]
fn a_damaged_description_is_named_with_what_mends_it() {
    let (lab, ids) = trained(&[]);
    let path = lab.path(&format!("runs/{}/trial.toml", ids[0]));
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replace("seed = 0", "seed = 1")).unwrap();
    let this = "`unravel run` on a sweep file with this trial recreates it";
    let the = "`unravel run` on a sweep file with the trial recreates its `trial.toml`";
    for (asked, remedy) in [(&ids[0][..], this), ("seed=0,steps=30", the)] {
        let said = refusal(&lab, asked);
        assert!(said.contains("trial.toml` is damaged"), "{said}");
        assert!(said.contains(remedy), "{said}");
    }
    let other = lab.run_well(&["export", "seed=0", "--no-codes"]);
    assert!(other.stdout.contains(&ids[1]), "{}", other.stdout);
    assert!(other.stderr.contains("trial.toml` is damaged"));
    fs::remove_file(&path).unwrap();
    assert!(refusal(&lab, &ids[0]).contains("has no `trial.toml`"));
    assert!(refusal(&lab, "steps=30").contains("has no `trial.toml`"));

    fs::write(&path, "seed =").unwrap();
    let ran = lab.run_well(&["run", "sweep.toml"]);
    assert!(
        ran.stderr.contains("trial.toml` is damaged"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    lab.run_well(&["export", &ids[0], "--no-codes"]);
}

#[test]
fn weights_of_another_shape_are_not_written() {
    let (lab, ids) = trained(&[]);
    let store = Store::open(lab.path("runs")).unwrap();
    let lock = store.trial(&ids[0].parse().unwrap()).lock().unwrap();
    let mut model = lock.model().unwrap().unwrap();
    let shape = &mut model.arrays.get_mut("encoder.4.weight").unwrap().shape;
    shape.reverse();
    lock.set_model(&model).unwrap();
    drop(lock);
    let said = refusal(&lab, &ids[0]);
    assert!(said.contains("nothing was written"), "{said}");
    assert!(said.contains("`encoder.4.weight` has the shape"), "{said}");
    let written = lab.path(&format!("exports/{}", ids[0]));
    assert_eq!(fs::read_dir(written).unwrap().count(), 0);
}

#[test]
fn what_a_killed_export_left_is_removed_by_the_next_and_no_device_is_replaced() {
    let (lab, ids) = trained(&[]);
    lab.run_well(&["export", &ids[0]]);
    let folder = format!("exports/{}", ids[0]);
    let before = files(&lab.path(&folder));
    for name in ["weights.safetensors", "codes.npy", "codes.npz"] {
        lab.write(&format!("{folder}/.{name}.4194304-0.tmp"), "half");
    }
    lab.run_well(&["export", &ids[0]]);
    let names = |files: &BTreeMap<String, Seen>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&files(&lab.path(&folder))), names(&before));

    let weights = lab.path(&format!("{folder}/weights.safetensors"));
    fs::remove_file(&weights).unwrap();
    symlink("/dev/null", &weights).unwrap();
    let said = refusal(&lab, &ids[0]);
    assert!(said.contains("not a regular file"), "{said}");
    assert!(weights.is_symlink());
    let figure = ["--figure", "trade-off", "--out", "link.svg"];
    symlink("/dev/null", lab.path("link.svg")).unwrap();
    let ran = lab.run(&[&["report", "sweep.toml"], &figure[..]].concat());
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(ran.stderr.contains("not a regular file"), "{}", ran.stderr);
    let ran = lab.run(&["dataset", "export", "link.svg", "--force", "--quiet"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("not a regular file"), "{}", ran.stderr);
    assert!(lab.path("link.svg").is_symlink());
}
