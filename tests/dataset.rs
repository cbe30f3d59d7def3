//! `unravel dataset`: what is exported verifies, what was changed does not, and the picture is one.

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use unravel_data::Dsprites;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use support::lab::Lab;
use support::npz::{self, NpyArray};

/// Two rows whose classes are exchanged: orientations 0 and 7 of the first shape and scale.
const ROWS: [usize; 2] = [0, 7 * 1024];
/// Bytes of a row of `latents_classes`, and of its `.npy` header.
const ROW_BYTES: usize = 6 * 8;
const HEADER_BYTES: usize = 128;

#[test]
fn what_is_exported_verifies_and_what_was_changed_does_not() {
    let lab = Lab::new();
    let exported = lab.run_well(&["dataset", "export", "dsprites.npz"]);
    assert!(
        exported.stdout.contains("737,280 images"),
        "{}",
        exported.stdout
    );
    let again = lab.run(&["dataset", "export", "dsprites.npz"]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);

    let verified = lab
        .run_well(&["dataset", "verify", "dsprites.npz", "--json"])
        .json();
    assert_eq!(
        (&verified["identical"], &verified["images"]),
        (&true.into(), &737_280.into())
    );

    exchange_classes(&lab.path("dsprites.npz"), &lab.path("changed.npz"));
    let changed = lab.run(&["dataset", "verify", "changed.npz", "--json"]);
    assert_eq!(changed.code, Some(1), "{}", changed.stderr);
    let changed = changed.json();
    let [a, b] = ROWS.map(|row| Dsprites::new().rows(row));
    let n_pixels: u32 = a.iter().zip(&b).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!(changed["differing_images"], 2);
    assert_eq!(changed["differing_pixels"], 2 * n_pixels);
    assert_eq!(changed["differing_values"], 2);
    assert_eq!(changed["first_differing"][0]["factors"]["orientation"], 7);
    assert_eq!(changed["first_differing"][1]["index"], 0);
    assert_eq!(
        (&changed["identical"], &changed["official_order"]),
        (&false.into(), &false.into())
    );
}

/// Copies the file with the classes of [`ROWS`] exchanged, so that each has the other's image.
fn exchange_classes(from: &Path, to: &Path) {
    let mut archive = ZipArchive::new(File::open(from).unwrap()).unwrap();
    let mut changed = ZipWriter::new(File::create(to).unwrap());
    for index in 0..archive.len() {
        let mut entry = archive.by_index_raw(index).unwrap();
        if entry.name() != "latents_classes.npy" {
            changed.raw_copy_file(entry).unwrap();
            continue;
        }
        drop(entry);
        entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let [a, b] = ROWS.map(|row| HEADER_BYTES + row * ROW_BYTES);
        for byte in 0..ROW_BYTES {
            bytes.swap(a + byte, b + byte);
        }
        changed
            .start_file(entry.name(), SimpleFileOptions::default())
            .unwrap();
        changed.write_all(&bytes).unwrap();
    }
    changed.finish().unwrap();
}

#[test]
fn files_that_are_not_dsprites_are_no_check_that_says_no() {
    let lab = Lab::new();
    lab.write("text.npz", "no zip");
    npz::write(
        &lab.path("small.npz"),
        &[NpyArray::images(8), NpyArray::classes()],
    );
    let cases = [
        ("absent.npz", "cannot open absent.npz"),
        ("text.npz", "text.npz is a text file, not an npz"),
        (
            "small.npz",
            "small.npz is not dSprites: it has 3x2x2 images of 8x8x1",
        ),
    ];
    for (file, expected) in cases {
        let ran = lab.run(&["dataset", "verify", file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{file}");
        assert!(ran.stderr.contains(expected), "{file}: {}", ran.stderr);
    }
    let ran = lab.run(&["dataset", "export", "/proc/x.npz"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let said = "cannot write `/proc/x.npz`: its folder belongs to the operating system and takes no regular files; choose another path";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let ran = lab.run(&["dataset", "export", "absent/dsprites.npz"]);
    assert_eq!(ran.code, Some(5));
    assert!(
        ran.stderr.contains("cannot write absent/dsprites.npz"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_preview_is_a_png() {
    let lab = Lab::new();
    let ran = lab.run_well(&["dataset", "preview"]);
    assert!(
        ran.stdout
            .starts_with("dsprites-preview.png: 662 x 810 pixels"),
        "{}",
        ran.stdout
    );
    assert!(
        std::fs::read(lab.path("dsprites-preview.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    lab.run_well(&["dataset", "preview", "--out", "other.png"]);
    let ran = lab.run(&["dataset", "preview", "--out", "absent/other.png"]);
    assert_eq!(ran.code, Some(5));
    assert!(
        ran.stderr.contains("cannot write `absent/other.png`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_disk_without_room_leaves_what_was_there_and_one_sentence() {
    let lab = Lab::new();
    let folder = || {
        let entries = std::fs::read_dir(lab.path("")).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        entries.map(name).collect::<Vec<_>>()
    };
    for args in [
        &["dataset", "preview"] as &[&str],
        &["dataset", "export", "dsprites.npz", "--quiet"],
    ] {
        let ran = lab.run_script("ulimit -f 4; exec \"$0\" \"$@\"", args);
        assert_eq!(ran.code, Some(5), "{args:?}: {}", ran.stderr);
        let is_one =
            ran.stderr.starts_with("error: cannot write ") && ran.stderr.lines().count() == 1;
        assert!(
            is_one && ran.stderr.contains("the free space"),
            "{args:?}: {}",
            ran.stderr
        );
        assert_eq!(folder(), [""; 0], "{args:?}");
    }
    lab.write("old.png", "there before");
    let args = ["dataset", "preview", "--out", "old.png"];
    let ran = lab.run_script("ulimit -f 4; exec \"$0\" \"$@\"", &args);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_eq!(lab.read("old.png"), "there before");
}
