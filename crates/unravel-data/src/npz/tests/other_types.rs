//! Images of other types and layouts than usual, and such as show nothing.

use super::*;

/// The images with each pixel as so many bytes.
fn encoded(descr: &str, encode: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let pixels = images();
    let elements: Vec<u8> = pixels
        .as_flattened()
        .iter()
        .flat_map(|pixel| encode(*pixel))
        .collect();
    sample::array(descr, &[6, 2, 5], &elements)
}

fn opened(fixture: &Fixture, images: Vec<u8>) -> NpzObservations {
    let classes = ("latents_classes", sample::classes(&CLASSES));
    NpzObservations::open(fixture.write(&[("imgs", images), classes])).unwrap()
}

#[test]
fn whole_numbers_and_255ths_of_any_type_are_bytes() {
    let fixture = Fixture::new();
    let bytes = |value: u8| opened(&fixture, encoded("|u1", |pixel| vec![value * pixel]));
    for value in [1, 251] {
        let expected = bytes(value).content().to_owned();
        let floats = encoded("<f8", |pixel| {
            f64::from(value * pixel).to_le_bytes().to_vec()
        });
        let words = encoded("<u2", |pixel| {
            u16::from(value * pixel).to_le_bytes().to_vec()
        });
        for images in [floats, words] {
            let read = opened(&fixture, images);
            assert_eq!(read.content(), expected);
            assert!(
                read.notes()[0].contains("are read as bytes"),
                "{:?}",
                read.notes()
            );
        }
    }
    let part = |pixel: u8| f32::from(251 * pixel) / 255.0;
    let read = opened(
        &fixture,
        encoded("<f4", |pixel| part(pixel).to_le_bytes().to_vec()),
    );
    assert_eq!(read.content(), bytes(251).content());
    let mut image = [0.5; 10];
    read.write(3, &mut image);
    assert!(
        image
            .iter()
            .zip(&images()[3])
            .all(|(&found, &pixel)| found == part(pixel))
    );
}

#[test]
fn other_numbers_are_refused_with_what_makes_bytes_of_them() {
    let fixture = Fixture::new();
    let refused = |value: f32| {
        let images = encoded("<f4", |pixel| {
            (value * f32::from(pixel)).to_le_bytes().to_vec()
        });
        fixture.fault(&[
            ("imgs", images),
            ("latents_classes", sample::classes(&CLASSES)),
        ])
    };
    let message = refused(0.9);
    assert!(
        message.contains("the dtype is '<f4' with values from 0 to 0.9")
            && message.contains("(255 * imgs).round().astype(np.uint8)"),
        "{message}"
    );
    assert!(refused(f32::NAN).contains("pixels that are NaN or infinite"));
    assert!(refused(-7.5).contains("imgs.min()"));
}

#[test]
fn what_is_read_in_another_way_or_shows_nothing_is_noted() {
    let fixture = Fixture::new();
    let notes = |images: Vec<u8>| opened(&fixture, images).notes().join(" ");
    let constant = |value: u8| notes(sample::array("|u1", &[6, 2, 5], &[value; 60]));
    assert!(constant(0).starts_with("all 6 images are black: every pixel is 0"));
    assert!(constant(0).contains("makes floats from 0 to 1 black"));
    assert!(constant(1).contains("white") && constant(255).contains("white"));
    assert!(constant(17).contains("every pixel is 17 of 255"));
    let one = images()[1].repeat(6);
    let copies = notes(sample::array("|u1", &[6, 2, 5], &one));
    assert!(copies.starts_with("all 6 images are the same"));
    // What makes black images makes none of these.
    for others in [constant(1), constant(255), constant(17), copies] {
        assert!(
            !others.contains("black") && others.contains("; check that"),
            "{others}"
        );
    }
    assert!(notes(sound_images()).contains("only the values 0 and 1 out of 0 to 255"));
    assert_eq!(notes(encoded("|b1", |pixel| vec![pixel])), "");
    let dark = notes(encoded("|u1", |pixel| vec![3 * pixel]));
    assert!(
        dark.contains("only the values 0 to 3 out of 0 to 255")
            && dark.contains("[0, 3], [0, 255]"),
        "{dark}"
    );
    // Black and white, as most programs write it: nothing to say.
    let read = opened(&fixture, encoded("|u1", |pixel| vec![255 * pixel]));
    assert_eq!(read.notes(), [""; 0]);
    check_images(&read);
}

#[test]
fn channels_that_come_first_are_put_last() {
    let fixture = Fixture::new();
    let side = 5;
    let value = |image: usize, channel: usize, pixel: usize| {
        (100 * channel + 30 * image % 97 + pixel) as u8
    };
    let pixels = || 0..side * side;
    let first =
        (0..6).flat_map(|i| (0..3).flat_map(move |c| pixels().map(move |p| value(i, c, p))));
    let last = (0..6).flat_map(|i| pixels().flat_map(move |p| (0..3).map(move |c| value(i, c, p))));
    let [first, last] = [first.collect::<Vec<u8>>(), last.collect()];
    let first = opened(&fixture, sample::array("|u1", &[6, 3, side, side], &first));
    let last = opened(&fixture, sample::array("|u1", &[6, side, side, 3], &last));
    assert_eq!(
        (first.shape(), first.content()),
        (last.shape(), last.content())
    );
    assert!(first.notes()[0].contains("[6, 3, 5, 5], which is read as channels first"));
    assert_eq!(last.notes(), [""; 0]);
}

#[test]
fn types_that_are_not_read_are_called_by_their_names() {
    let fixture = Fixture::new();
    let refused = |descr: &str, width: usize| {
        let images = sample::array(descr, &[6, 2, 5], &vec![0; 60 * width]);
        // A list of fields stands without quotes.
        let text = String::from_utf8_lossy(&images[10..128]);
        let text = match descr.starts_with('[') {
            true => text.replacen("'[", "[", 1).replacen("]'", "]", 1),
            false => text.into_owned(),
        };
        let images = [
            &images[..10],
            format!("{text:118}").as_bytes(),
            &images[128..],
        ]
        .concat();
        fixture.fault(&[
            ("imgs", images),
            ("latents_classes", sample::classes(&CLASSES)),
        ])
    };
    for (descr, expected) in [
        ("<m8[ns]", "its dtype is '<m8[ns]', and only arrays of"),
        ("<M8[D]", "x.astype(np.int64) keeps its values"),
        ("[('a','<f4')]", "a structure of the fields [('a','<f4')]"),
        ("[('a','|O')]", "pickled Python objects"),
    ] {
        let message = refused(descr, 8);
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains("not that of a NumPy array"), "{message}");
    }
}

#[test]
fn an_outline_says_what_the_file_says_without_its_pixels() {
    let fixture = Fixture::new();
    // Floats that are refused when they are seen.
    let path = fixture.write(&[
        (
            "imgs",
            encoded("<f4", |pixel| {
                (0.9 * f32::from(pixel)).to_le_bytes().to_vec()
            }),
        ),
        ("latents_classes", sample::classes(&CLASSES)),
    ]);
    let outline = NpzOutline::open(&path).unwrap();
    assert_eq!((outline.shape(), outline.image_bytes()), ([2, 5, 1], 240));
    assert_eq!(outline.space().sizes(), [2, 3]);
    assert!(NpzObservations::open(&path).is_err());
    let text = sample::array("<U1", &[6, 2, 5], &[0; 240]);
    let path = fixture.write(&[
        ("imgs", text),
        ("latents_classes", sample::classes(&CLASSES)),
    ]);
    assert!(
        NpzOutline::open(&path)
            .unwrap_err()
            .to_string()
            .contains("'<U1'")
    );
}
