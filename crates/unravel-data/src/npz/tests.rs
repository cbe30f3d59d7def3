//! Small files, sound and broken in every way that a file can be.

mod other_types;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::CompressionMethod::{Deflated, Stored};

use super::*;
use crate::arrays::sample;

/// Rows of a colour, a factor of 2 and a factor of 3, in order.
const CLASSES: [[i64; 3]; 6] = [
    [0, 0, 0],
    [0, 0, 1],
    [0, 0, 2],
    [0, 1, 0],
    [0, 1, 1],
    [0, 1, 2],
];

/// Six binary images of 2x5, each other than the rest.
fn images() -> [[u8; 10]; 6] {
    std::array::from_fn(|i| std::array::from_fn(|p| (i + 3 * p) as u8 / 4 % 2))
}

struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("small.npz")
    }

    fn write(&self, arrays: &[(&str, Vec<u8>)]) -> PathBuf {
        sample::write(&self.path(), Deflated, arrays);
        self.path()
    }

    /// The message of opening a file with these arrays.
    fn fault(&self, arrays: &[(&str, Vec<u8>)]) -> String {
        fault(&self.write(arrays))
    }
}

fn fault(path: &Path) -> String {
    let message = NpzObservations::open(path).unwrap_err().to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    message
}

fn sound_images() -> Vec<u8> {
    sample::array("|u1", &[6, 2, 5], images().as_flattened())
}

fn check_images(observations: &NpzObservations) {
    let mut out = vec![0.5; 10];
    for (index, image) in images().iter().enumerate() {
        observations.write(index, &mut out);
        assert!(
            out.iter().zip(image).all(|(&f, &b)| f == f32::from(b)),
            "image {index}"
        );
    }
}

#[test]
fn binary_images_are_packed_and_a_constant_column_is_dropped() {
    let fixture = Fixture::new();
    for compression in [Stored, Deflated] {
        let arrays = [
            ("imgs", sound_images()),
            ("latents_classes", sample::classes(&CLASSES)),
        ];
        sample::write(&fixture.path(), compression, &arrays);
        let mut reports = Vec::new();
        let progress = |done, total| reports.push((done, total));
        let read = NpzObservations::open_with(fixture.path(), progress).unwrap();
        assert_eq!(read.shape(), [2, 5, 1]);
        assert_eq!(read.space().sizes(), [2, 3]);
        assert_eq!(reports, [(0, 6), (6, 6)]);
        check_images(&read);
        let mut words = [0];
        read.packed().unwrap().write_packed(4, &mut words);
        let expected = images()[4]
            .iter()
            .rev()
            .fold(0, |bits, &b| 2 * bits + u64::from(b));
        assert_eq!(words, [expected]);
    }
}

#[test]
fn neither_order_nor_class_numbers_change_the_content() {
    let fixture = Fixture::new();
    let classes = ("latents_classes", sample::classes(&CLASSES));
    let sorted = fixture.write(&[classes.clone(), ("imgs", sound_images())]);
    let sorted = NpzObservations::open(sorted).unwrap();
    assert!(sorted.content().starts_with("npz-") && sorted.content().len() == 20);

    let order = [4, 0, 5, 2, 1, 3];
    let shuffled_classes = order.map(|row| CLASSES[row].map(|class| 10 * class - 7));
    let shuffled_images = order.map(|row| images()[row]);
    let shuffled = fixture.write(&[
        (
            "imgs",
            sample::array("|u1", &[6, 2, 5, 1], shuffled_images.as_flattened()),
        ),
        ("latents_classes", sample::classes(&shuffled_classes)),
        // Never opened: not even an array.
        ("metadata", b"cos\nsystem\n(S'exit 1'\ntR.".to_vec()),
    ]);
    let shuffled = NpzObservations::open(shuffled).unwrap();
    check_images(&shuffled);
    assert_eq!(shuffled.content(), sorted.content());

    let mut other = images();
    other[5][9] ^= 1;
    let other = sample::array("|u1", &[6, 2, 5], other.as_flattened());
    let other = NpzObservations::open(fixture.write(&[classes, ("imgs", other)])).unwrap();
    assert!(other.content() != sorted.content());
}

#[test]
fn one_byte_above_one_makes_all_images_gray() {
    let fixture = Fixture::new();
    let mut pixels: Vec<u8> = images()
        .as_flattened()
        .iter()
        .cycle()
        .take(180)
        .copied()
        .collect();
    // In the fifth image, so that four were taken for binary.
    pixels[130] = 204;
    let rgb = fixture.write(&[
        ("imgs", sample::array("|u1", &[6, 2, 5, 3], &pixels)),
        ("latents_classes", sample::classes(&CLASSES)),
    ]);
    let read = NpzObservations::open(rgb).unwrap();
    assert_eq!(read.shape(), [2, 5, 3]);
    assert!(read.packed().is_none());
    let mut out = vec![0.5; 30];
    for (index, image) in pixels.chunks(30).enumerate() {
        read.write(index, &mut out);
        assert!(
            out.iter()
                .zip(image)
                .all(|(&f, &b)| f == f32::from(b) / 255.0)
        );
    }
    read.write(4, &mut out);
    assert_eq!(out[10], 0.8);
}

#[test]
fn names_come_from_the_file_if_it_has_them() {
    let fixture = Fixture::new();
    let names: Vec<u8> = ["hue", "side", "turn"]
        .iter()
        .flat_map(|name| name.bytes().chain([0; 4]).take(4).collect::<Vec<u8>>())
        .collect();
    let arrays = [
        ("imgs", sound_images()),
        ("latents_classes", sample::classes(&CLASSES)),
        ("latents_names", sample::array("|S4", &[3], &names)),
    ];
    let read = NpzObservations::open(fixture.write(&arrays)).unwrap();
    let found: Vec<&str> = read
        .space()
        .factors()
        .iter()
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(found, ["side", "turn"]);

    let mut short = arrays.clone();
    short[2].1 = sample::array("|S4", &[2], &names[..8]);
    assert!(
        fixture
            .fault(&short)
            .contains("[2], but [3], one name per column")
    );
    short[2].1 = sample::array("<f4", &[3], &names);
    assert!(fixture.fault(&short).contains("'<f4', but text"));
    short[2].1 = sample::array("|S4", &[3], &[0; 12]);
    assert!(fixture.fault(&short).contains("empty name"));
}

#[test]
fn files_that_are_no_npz() {
    let fixture = Fixture::new();
    assert!(fault(&fixture.path()).starts_with("cannot open"));
    assert!(fault(fixture.folder.path()).contains("directory"));
    std::fs::write(fixture.path(), "no zip").unwrap();
    assert!(fault(&fixture.path()).contains("is a text file, not an npz"));
    std::fs::write(fixture.path(), "").unwrap();
    assert!(fault(&fixture.path()).contains("is empty, not an npz"));
}

#[test]
fn a_file_cut_off_or_damaged_anywhere_is_refused() {
    let fixture = Fixture::new();
    let arrays = [
        ("imgs", sound_images()),
        ("latents_classes", sample::classes(&CLASSES)),
    ];
    let whole = std::fs::read(fixture.write(&arrays)).unwrap();
    for n in 0..whole.len() {
        std::fs::write(fixture.path(), &whole[..n]).unwrap();
        fault(&fixture.path());
    }
    // A changed byte is noticed, or was of no consequence; it is never a panic or other images.
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        std::fs::write(fixture.path(), &bytes).unwrap();
        if let Ok(read) = NpzObservations::open(fixture.path()) {
            check_images(&read);
        }
    }
}

#[test]
fn missing_arrays_are_named() {
    let fixture = Fixture::new();
    let message = fixture.fault(&[("latents_classes", sample::classes(&CLASSES))]);
    assert!(
        message.contains("no array \"imgs\"; its arrays are latents_classes;"),
        "{message}"
    );
    let message = fixture.fault(&[("imgs", sound_images()), ("a", Vec::new())]);
    assert!(
        message.contains("no array \"latents_classes\"; its arrays are a, imgs;"),
        "{message}"
    );
    assert!(fixture.fault(&[]).contains("it has no arrays"));
}

#[test]
fn wrong_dtypes_and_shapes_are_refused() {
    let fixture = Fixture::new();
    let with_images = |descr: &str, shape: &[usize], n: usize| {
        let imgs = ("imgs", sample::array(descr, shape, &vec![0; n]));
        fixture.fault(&[imgs, ("latents_classes", sample::classes(&CLASSES))])
    };
    let expected = "\"imgs\": the dtype is '<c8', but uint8 is required; write";
    assert!(with_images("<c8", &[6, 2, 5], 480).contains(expected));
    let expected = "the dtype is '>f4', but uint8 is required; x.astype(x.dtype.newbyteorder";
    assert!(with_images(">f4", &[6, 2, 5], 240).contains(expected));
    for shape in [
        &[6_usize, 10] as &[usize],
        &[5, 2, 6],
        &[60],
        &[],
        &[6, 2, 1, 1, 5],
    ] {
        let message = with_images("|u1", shape, shape.iter().product());
        let expected = format!("the shape is {shape:?}, but [6, height, width] or [6,");
        assert!(message.contains(&expected), "{message}");
    }
    assert!(with_images("|u1", &[6, 0, 5], 0).contains("[6, 0, 5]"));
    assert!(with_images("|O", &[6, 2, 5], 60).contains("never loaded"));

    let with_classes =
        |classes| fixture.fault(&[("imgs", sound_images()), ("latents_classes", classes)]);
    let halves: Vec<u8> = (0..18)
        .flat_map(|at| (f64::from(at) / 2.0).to_le_bytes())
        .collect();
    let message = with_classes(sample::array("<f8", &[6, 3], &halves));
    assert!(message.contains("\"latents_classes\": the value in row"));
    // A sweep has no bins for them.
    assert!(
        message.contains("np.unique(x") && !message.contains("--factor-bins"),
        "{message}"
    );
    let text = sample::array("<U1", &[6, 3], &[0; 72]);
    assert!(with_classes(text).contains("numbers in text with x.astype(np.float64)"));
    let flat = sample::array("<i8", &[6], &[0; 48]);
    assert!(with_classes(flat).contains("[6], but [rows, factors]"));
    let empty = sample::array("<i8", &[0, 3], &[]);
    assert!(with_classes(empty).contains("above 0"));
}

#[test]
fn grids_that_are_not_complete_are_refused() {
    let fixture = Fixture::new();
    let with_classes = |rows: &[[i64; 3]]| {
        let classes = ("latents_classes", sample::classes(rows));
        fixture.fault(&[("imgs", sound_images()), classes])
    };
    let mut rows = CLASSES;
    rows[5] = rows[0];
    assert!(with_classes(&rows).contains("rows 0 and 5"));
    assert!(with_classes(&CLASSES[..5]).contains("5 rows, but"));
    let constant = with_classes(&[[1, 2, 3]; 6]);
    assert!(constant.contains("no column of it varies"));
    assert!(!constant.contains("combination"), "{constant}");
}

#[test]
fn lengths_that_do_not_agree_are_refused_before_memory_is_taken() {
    let fixture = Fixture::new();
    let with_images = |array: Vec<u8>| {
        fixture.fault(&[
            ("imgs", array),
            ("latents_classes", sample::classes(&CLASSES)),
        ])
    };
    let promise = sample::array("|u1", &[6, 1 << 20, 1 << 20], &[0; 60]);
    assert!(with_images(promise).contains("states 6597069766784 bytes, but there are 188"));
    let overflow = sample::array("|u1", &[usize::MAX, usize::MAX, 2], &[0; 60]);
    assert!(with_images(overflow).contains("not that of a NumPy array"));
    let surplus = sample::array("|u1", &[6, 2, 5], &[0; 61]);
    assert!(with_images(surplus).contains("states 188 bytes, but there are 189"));
    assert!(with_images(b"\x93NUMPY".to_vec()).contains("ends early or is damaged"));
    assert!(with_images(b"not a header at all".to_vec()).contains("magic string is missing"));
    let fortran = sound_images();
    let fortran = String::from_utf8_lossy(&fortran[10..128]).replace("False", "True ");
    let fortran = [&sound_images()[..10], fortran.as_bytes(), &[0; 60]].concat();
    assert!(with_images(fortran).contains("ascontiguousarray"));
}

#[test]
fn an_archive_that_claims_too_much_is_refused() {
    let fixture = Fixture::new();
    let arrays = [
        ("imgs", sound_images()),
        ("latents_classes", sample::classes(&CLASSES)),
    ];
    let mut bytes = std::fs::read(fixture.write(&arrays)).unwrap();
    // The unpacked size of the table of contents' first entry: `imgs`.
    let entry = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[entry + 24..][..4].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    std::fs::write(fixture.path(), &bytes).unwrap();
    assert!(fault(&fixture.path()).contains("states 4026531840 bytes"));
}
