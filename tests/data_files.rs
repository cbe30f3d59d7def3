//! Files of images as people have them: of other types and layouts, of other formats, and with nothing on them.

mod support;

use std::fs;

use support::lab::{Lab, Ran};
use support::npz::{self, Bomb, NpyArray};
use support::sweeps::{TINY, tiny_on_npz};

/// A sweep of two trials on `data.npz`.
fn sweep() -> String {
    let sweep = tiny_on_npz("data.npz", "");
    sweep.trim_start().replace("\"mig\"", "\"active-units\"")
}

/// As many images of `side` x `side` pixels, 0 and 1, as the metrics need: twelve, and the same moved on.
fn images(side: usize) -> NpyArray {
    let mut images = NpyArray::images(side);
    let mut moved = images.data.clone();
    moved.rotate_right(side * side / 5);
    images.data.extend(moved);
    images.shaped(&[24, side, side])
}

/// Their factors.
fn classes() -> NpyArray {
    NpyArray::classes_of(&[2, 3, 2, 2])
}

/// A folder with a sweep on an npz with these images and the usual factors.
fn lab_with(images: NpyArray) -> Lab {
    let lab = Lab::with_sweep(&sweep());
    npz::write(&lab.path("data.npz"), &[images, classes()]);
    lab
}

/// The usual images, each pixel as `encode` says.
fn images_as(descr: &'static str, encode: impl Fn(u8) -> Vec<u8>) -> NpyArray {
    let images = images(64);
    let data = images.data.iter().flat_map(|pixel| encode(*pixel));
    NpyArray {
        descr,
        data: data.collect(),
        ..images
    }
}

/// What was said on stderr, whatever lines it was laid out in.
fn said(ran: &Ran) -> String {
    let is_word = |word: &&str| *word != "│";
    let words: Vec<&str> = ran.stderr.split_whitespace().filter(is_word).collect();
    words.join(" ")
}

/// The names of the trials that are to be trained.
fn trials(lab: &Lab) -> Vec<String> {
    let plan = lab
        .run_well(&["plan", "sweep.toml", "--no-measure", "--json"])
        .json();
    let cohorts = plan["cohorts"].as_array().unwrap().iter();
    let trials = cohorts.flat_map(|cohort| cohort["trials"].as_array().unwrap());
    trials
        .map(|trial| trial.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn images_that_are_no_bytes_are_read_where_that_loses_nothing() {
    let expected = trials(&lab_with(images(64)));
    let same = [
        images_as("|b1", |pixel| vec![pixel]),
        images_as("|i1", |pixel| vec![pixel]),
        images_as("<i8", |pixel| i64::from(pixel).to_le_bytes().to_vec()),
        images_as("<f4", |pixel| f32::from(pixel).to_le_bytes().to_vec()),
        images_as("<f8", |pixel| f64::from(pixel).to_le_bytes().to_vec()),
        images(64).shaped(&[24, 1, 64, 64]),
        images(64).shaped(&[24, 64, 64, 1]),
    ];
    for images in same {
        let what = format!("{} {:?}", images.descr, images.shape);
        assert_eq!(trials(&lab_with(images)), expected, "{what}");
    }
    let gray = |pixel: u8| 200 * pixel + 7;
    let expected = trials(&lab_with(images_as("|u1", |pixel| vec![gray(pixel)])));
    let as_float = |pixel: u8| f32::from(gray(pixel)).to_le_bytes().to_vec();
    let as_part = |pixel: u8| (f32::from(gray(pixel)) / 255.0).to_le_bytes().to_vec();
    for images in [images_as("<f4", as_float), images_as("<f4", as_part)] {
        let lab = lab_with(images);
        assert_eq!(trials(&lab), expected);
        let checked = lab.run_well(&["check", "sweep.toml"]);
        assert!(
            said(&checked).contains("imgs has the dtype '<f4'"),
            "{}",
            checked.stderr
        );
    }
}

#[test]
fn images_that_are_no_bytes_are_refused_with_what_keeps_them() {
    let cases: [(f32, &str); 3] = [
        (0.9, "(255 * imgs).round().astype(np.uint8)"),
        (-1.0, "(127.5 * (imgs + 1)).round().astype(np.uint8)"),
        (300.5, "255 is white"),
    ];
    for (value, expected) in cases {
        let encode = |pixel: u8| (f32::from(pixel) * value + 0.05).clamp(-1.0, 300.0);
        let lab = lab_with(images_as("<f4", |pixel| {
            encode(pixel).to_le_bytes().to_vec()
        }));
        for args in [&["plan", "sweep.toml"] as &[&str], &["check", "sweep.toml"]] {
            let ran = lab.run(args);
            assert_eq!(ran.code, Some(3), "{}", ran.stderr);
            let said = said(&ran);
            assert!(
                said.contains(expected) && said.contains("[sweep.toml:"),
                "{said}"
            );
        }
    }
}

#[test]
fn factors_that_are_no_integers_are_refused_with_what_keeps_them_apart() {
    let classes = classes();
    let halves = classes
        .data
        .chunks(8)
        .map(|class| f64::from(class[0]) / 2.0);
    let data = halves.flat_map(f64::to_le_bytes).collect();
    let lab = Lab::with_sweep(&sweep());
    let halves = NpyArray {
        descr: "<f8",
        data,
        ..classes
    };
    npz::write(&lab.path("data.npz"), &[images(64), halves]);
    let json = lab.run(&["check", "sweep.toml", "--json"]).json();
    let message = json["faults"][0]["message"].as_str().unwrap();
    let expected =
        "convert it to class indices with np.unique(x, return_inverse=True)[1].reshape(x.shape)";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn factors_that_are_whole_numbers_are_read_from_floats() {
    let lab = lab_with(images(64));
    let expected = trials(&lab);
    for (descr, encode) in [
        (
            "<f8",
            (|class| f64::from(class).to_le_bytes().to_vec()) as fn(u8) -> Vec<u8>,
        ),
        ("<f4", |class| f32::from(class).to_le_bytes().to_vec()),
    ] {
        let classes = classes();
        let data = classes.data.chunks(8).flat_map(|class| encode(class[0]));
        let floats = NpyArray {
            descr,
            data: data.collect(),
            ..classes
        };
        npz::write(&lab.path("data.npz"), &[images(64), floats]);
        assert_eq!(trials(&lab), expected, "{descr}");
    }
}

#[test]
fn images_whose_layout_is_in_doubt_are_noted() {
    let mlp = sweep().replace("conv-small", "mlp-higgins");
    for (shape, place) in [
        ([24, 3, 4, 16], "first: images of 4x16 with 3 channels;"),
        ([24, 1, 2, 2], "last: images of 1x2 with 2 channels;"),
        ([24, 8, 16, 16], "last: images of 8x16 with 16 channels;"),
    ] {
        let lab = Lab::with_sweep(&mlp);
        let pixels = (0..shape.iter().product::<usize>()).map(|at| (at * 7919 % 251) as u8);
        let images = NpyArray {
            data: pixels.collect(),
            ..images(64).shaped(&shape)
        };
        npz::write(&lab.path("data.npz"), &[images, classes()]);
        let said = said(&lab.run_well(&["check", "sweep.toml"]));
        let note = format!("imgs has the shape {shape:?}, which is read as channels {place}");
        assert!(said.contains(&note), "{said}");
    }
}

#[test]
fn images_that_are_all_black_are_noted_wherever_they_are_read() {
    let lab = lab_with(images_as("|u1", |_| vec![0]));
    let note = "note: all 24 images are black: every pixel is 0";
    for args in [
        &["check", "sweep.toml"] as &[&str],
        &["plan", "sweep.toml", "--no-measure"],
        &["run", "sweep.toml"],
    ] {
        let ran = lab.run_well(args);
        assert!(said(&ran).contains(note), "{args:?}: {}", ran.stderr);
    }
    let page = lab.read("reports/tiny/index.html");
    assert!(
        page.contains("all 24 images are black"),
        "the report says so too"
    );
    let json = lab.run_well(&["check", "sweep.toml", "--json"]).json();
    assert!(
        json["notes"][0]
            .as_str()
            .unwrap()
            .starts_with("all 24 images are black")
    );

    let alike = lab_with(images_as("|u1", |pixel| vec![100 + pixel]));
    let said = said(&alike.run_well(&["check", "sweep.toml"]));
    assert!(
        said.contains("only the values 100 to 101 out of 0 to 255"),
        "{said}"
    );
}

#[test]
fn images_with_their_channels_first_are_read_as_such_and_noted() {
    let mlp = sweep().replace("conv-small", "mlp-higgins");
    // Three channels that differ: the usual images, moved on by a row for each.
    let planes: Vec<Vec<u8>> = (0..3)
        .map(|channel| {
            let mut data = images(64).data;
            data.rotate_right(64 * channel);
            data
        })
        .collect();
    let image = |plane: &Vec<u8>, at: usize| plane[at * 4096..][..4096].to_vec();
    let first = (0..24).flat_map(|at| planes.iter().flat_map(move |plane| image(plane, at)));
    let last = (0..24 * 4096).flat_map(|at| planes.iter().map(move |plane| plane[at]));
    let on = |shape: &[usize], data: Vec<u8>| {
        let lab = Lab::with_sweep(&mlp);
        let images = NpyArray {
            data,
            ..images(64).shaped(shape)
        };
        npz::write(&lab.path("data.npz"), &[images, classes()]);
        lab
    };
    let first = on(&[24, 3, 64, 64], first.collect());
    let last = on(&[24, 64, 64, 3], last.collect());
    assert_eq!(trials(&first), trials(&last));
    let note = "imgs has the shape [24, 3, 64, 64], which is read as channels first";
    assert!(said(&first.run_well(&["check", "sweep.toml"])).contains(note));
    assert!(!said(&last.run_well(&["check", "sweep.toml"])).contains("channels first"));
}

/// Files of other formats, and a word of what is said of each.
fn strangers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let hdf5 = b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0".to_vec();
    let with_block = [vec![b' '; 512], hdf5.clone()].concat();
    let mut matlab = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".to_vec();
    matlab.extend(&with_block[matlab.len()..]);
    vec![
        ("h5", hdf5, "convert it with h5py"),
        ("block.h5", with_block, "convert it with h5py"),
        (
            "v5.mat",
            b"MATLAB 5.0 MAT-file, Platform".to_vec(),
            "scipy.io.loadmat(path)",
        ),
        ("v73.mat", matlab, "a MATLAB 7.3 file, that is HDF5"),
        (
            "pickle",
            b"\x80\x04\x95\0\0\0\0\0\0\0\0]".to_vec(),
            "a Python pickle",
        ),
        (
            "lfs",
            b"version https://git-lfs.github.com/spec/v1\noid".to_vec(),
            "git lfs pull",
        ),
        (
            "html",
            b"<!DOCTYPE html><title>404</title>".to_vec(),
            "download the file itself",
        ),
        ("gz", b"\x1f\x8b\x08\0\0\0".to_vec(), "a gzip file"),
        ("csv", b"0.5,1\n0.25,2\n".to_vec(), "a text file"),
        ("empty", Vec::new(), "empty"),
    ]
}

#[test]
fn files_of_other_formats_are_called_by_their_names() {
    let lab = Lab::with_sweep(&sweep());
    let verbs: [(&[&str], i32); 4] = [
        (&["check", "sweep.toml"], 3),
        (&["plan", "sweep.toml"], 3),
        (&["dataset", "verify", "data.npz"], 2),
        (&["evaluate", "data.npz"], 2),
    ];
    for (what, bytes, expected) in strangers() {
        lab.write("data.npz", bytes);
        for (args, code) in verbs {
            let ran = lab.run(args);
            assert_eq!(ran.code, Some(code), "{what}: {}", ran.stderr);
            let said = said(&ran);
            assert!(said.contains(expected), "{what} {args:?}: {said}");
            assert!(!said.contains("cut off"), "{what} {args:?}: {said}");
        }
    }
    // Archives, by what is in them.
    let pickled = [
        ("model/data.pkl", "PyTorch"),
        ("images/a.png", "no array (.npy) in it"),
    ];
    for (member, expected) in pickled {
        let mut archive = zip::ZipWriter::new(fs::File::create(lab.path("data.npz")).unwrap());
        archive
            .start_file(member, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.finish().unwrap();
        for (args, code) in verbs {
            let ran = lab.run(args);
            assert_eq!(ran.code, Some(code), "{member}: {}", ran.stderr);
            assert!(
                said(&ran).contains(expected),
                "{member} {args:?}: {}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a_check_opens_the_npz() {
    let lab = Lab::with_sweep(&sweep());
    let check = || lab.run(&["check", "sweep.toml", "--json"]);
    let refused = |expected: &str| {
        let ran = check();
        let json = ran.json();
        let message = json["faults"][0]["message"].as_str().unwrap();
        assert_eq!((ran.code, json["valid"].as_bool()), (Some(3), Some(false)));
        assert!(message.contains(expected), "{message}");
        json["faults"][0]["line"].as_u64()
    };
    let line = TINY
        .trim_start()
        .lines()
        .position(|line| line.starts_with("dataset"));
    assert_eq!(
        refused("cannot open data.npz"),
        line.map(|line| line as u64 + 1)
    );
    npz::write(&lab.path("data.npz"), &[images(64)]);
    refused("no array \"latents_classes\"");
    npz::write(&lab.path("data.npz"), &[images(12), classes()]);
    refused("multiples of 16");
    npz::write(&lab.path("data.npz"), &[images(64), classes()]);
    assert_eq!(check().code, Some(0));
}

/// Images of 288 MiB, of which a check reads the header, and a plan all.
#[test]
fn large_images_are_left_to_the_plan_which_counts_them_for_every_worker() {
    const N_BYTES: u64 = 288 << 20;
    let lab = Lab::with_sweep(&sweep());
    let images = Bomb {
        // No image of zeros and ones, so that each pixel takes a byte.
        first: vec![7],
        ..Bomb::zeros("imgs", "|u1", 1, &[32, 3072, 3072])
    };
    let classes = Bomb {
        first: (0..32).collect(),
        ..Bomb::zeros("latents_classes", "|u1", 1, &[32, 1])
    };
    npz::write_bombs(&lab.path("data.npz"), &[images, classes]);
    let checked = lab.run_well(&["check", "sweep.toml"]);
    assert!(
        said(&checked).contains("were not checked because they have 288 MiB"),
        "{}",
        checked.stderr
    );
    let plan = |jobs: &str| {
        let args = [
            "plan",
            "sweep.toml",
            "--no-measure",
            "--jobs",
            jobs,
            "--device",
            "cpu",
            "--json",
        ];
        lab.run_well(&args).json()
    };
    let (one, two) = (plan("1"), plan("2"));
    let number = |plan: &serde_json::Value, key: &str| plan[key].as_u64().unwrap();
    assert_eq!(number(&one, "image_bytes"), N_BYTES);
    assert!(N_BYTES < number(&one, "worker_memory_bytes"));
    assert_eq!(
        number(&one, "memory_bytes"),
        number(&one, "worker_memory_bytes")
    );
    assert_eq!(
        number(&two, "memory_bytes"),
        2 * number(&one, "memory_bytes")
    );
}
