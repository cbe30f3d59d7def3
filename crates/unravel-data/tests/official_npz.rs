//! The whole dataset to a file and back: 3 GB of pixels, a few seconds.

use std::ops::ControlFlow;

use unravel_data::{Dsprites, FactorSpace, NpzObservations, Observations, export_npz, verify_npz};

#[test]
fn the_exported_npz_is_the_rendering() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dsprites.npz");
    let mut last = (0, 0);
    let progress = |done, total| {
        last = (done, total);
        ControlFlow::Continue(())
    };
    export_npz(&path, progress).unwrap();
    assert_eq!(last, (737_280, 737_280));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let found = verify_npz(&path, |_, _| {}).unwrap();
    assert!(found.is_identical() && found.official_order);
    assert_eq!((found.n_images, found.differing_values), (737_280, Some(0)));

    let read = NpzObservations::open(&path).unwrap();
    assert_eq!(*read.space(), FactorSpace::dsprites());
    assert_eq!(read.content(), "npz-d3fb9fad600842a6");
    let rendered = Dsprites::new();
    let (mut a, mut b) = (vec![0.0; 4096], vec![0.5; 4096]);
    for index in (0..737_280).step_by(7919) {
        read.write(index, &mut a);
        rendered.write(index, &mut b);
        assert_eq!(a, b, "image {index}");
    }
}
