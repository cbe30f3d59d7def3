//! The rendering against published pixels, hashes and counts.

use std::collections::BTreeMap;

use super::*;

const N_PER_SHAPE: usize = 245_760;

/// FNV-1a with 64 bits.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds an image as 512 bytes: row by row, column 0 in the highest bit of a row's first byte.
    fn add(&mut self, rows: &[u64; 64]) {
        for row in rows {
            for byte in row.reverse_bits().to_be_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
}

fn n_on(rows: &[u64; 64]) -> u64 {
    rows.iter().map(|row| u64::from(row.count_ones())).sum()
}

#[test]
fn every_pixel_of_all_images() {
    let dsprites = Dsprites::new();
    let mut all = Fnv::new();
    let expected = [
        (0x703a_7474_bd65_b6f1, 53_612_886),
        (0x826c_c6d6_be2a_9035, 42_070_950),
        (0x4301_6fab_477e_7aed, 32_645_028),
    ];
    for (shape, expected) in expected.into_iter().enumerate() {
        let (mut own, mut on) = (Fnv::new(), 0);
        for index in shape * N_PER_SHAPE..(shape + 1) * N_PER_SHAPE {
            let rows = dsprites.rows(index);
            own.add(&rows);
            all.add(&rows);
            on += n_on(&rows);
        }
        assert_eq!((own.0, on), expected, "shape {shape}");
    }
    assert_eq!(all.0, 0xfbe1_0c72_085b_7a19);
}

/// Index; factors; on-pixels; first and last row, first and last column; hash.
type Single = (usize, [usize; 5], u64, [usize; 2], [usize; 2], u64);

const SINGLES: [Single; 14] = [
    (
        0,
        [0, 0, 0, 0, 0],
        100,
        [11, 20],
        [11, 20],
        0xcaa2_4c6b_b486_4765,
    ),
    (
        41_512,
        [0, 1, 0, 17, 8],
        121,
        [19, 29],
        [28, 38],
        0x1a34_9ad5_67b9_b2aa,
    ),
    (
        41_239,
        [0, 1, 0, 8, 23],
        144,
        [34, 45],
        [18, 29],
        0x0d0d_a243_b18d_7235,
    ),
    (
        212_960,
        [0, 5, 7, 31, 0],
        368,
        [3, 28],
        [35, 60],
        0xb960_e074_e07d_f71b,
    ),
    (
        143_881,
        [0, 3, 20, 16, 9],
        237,
        [17, 33],
        [24, 40],
        0xbe94_7e5d_f398_a8c9,
    ),
    (
        245_760,
        [1, 0, 0, 0, 0],
        76,
        [12, 19],
        [10, 21],
        0x0fb0_f4f0_8230_5b45,
    ),
    (
        455_680,
        [1, 5, 5, 0, 0],
        288,
        [6, 25],
        [6, 25],
        0x17a5_fed9_d57d_802c,
    ),
    (
        361_881,
        [1, 2, 33, 12, 25],
        142,
        [34, 49],
        [22, 34],
        0x2d5b_99da_72c8_d97f,
    ),
    (
        423_935,
        [1, 4, 13, 31, 31],
        232,
        [38, 57],
        [40, 55],
        0xc80f_28d5_a7c7_2f41,
    ),
    (
        491_520,
        [2, 0, 0, 0, 0],
        58,
        [11, 19],
        [11, 20],
        0x8ffb_49b8_0514_b07b,
    ),
    (
        700_416,
        [2, 5, 4, 0, 0],
        224,
        [5, 23],
        [5, 22],
        0x87ee_7235_c77b_3a87,
    ),
    (
        696_831,
        [2, 5, 0, 15, 31],
        220,
        [39, 57],
        [22, 40],
        0x7403_54cf_5d73_b60c,
    ),
    (
        634_102,
        [2, 3, 19, 7, 22],
        146,
        [32, 45],
        [15, 30],
        0x11c0_8a30_2fdc_acd5,
    ),
    (
        564_130,
        [2, 1, 30, 29, 2],
        82,
        [12, 23],
        [41, 51],
        0xbb46_3973_5240_98b0,
    ),
];

#[test]
fn single_images() {
    let dsprites = Dsprites::new();
    for (index, factors, on, row_extent, column_extent, hash) in SINGLES {
        assert_eq!(dsprites.space().index_of(&factors), index);
        let rows = dsprites.rows(index);
        let used: Vec<usize> = (0..64).filter(|&r| rows[r] != 0).collect();
        let any = rows.iter().fold(0, |any, row| any | row);
        let columns = [
            any.trailing_zeros() as usize,
            63 - any.leading_zeros() as usize,
        ];
        let mut fnv = Fnv::new();
        fnv.add(&rows);
        assert_eq!(n_on(&rows), on, "on-pixels of {index}");
        assert_eq!(
            [used[0], used[used.len() - 1]],
            row_extent,
            "rows of {index}"
        );
        assert_eq!(columns, column_extent, "columns of {index}");
        assert_eq!(fnv.0, hash, "hash of {index}");
    }
}

#[test]
fn a_row_of_centres_exactly_on_the_upper_edge_is_off() {
    let dsprites = Dsprites::new();
    let (mut x, mut y) = ([0; HEART_VERTICES], [0; HEART_VERTICES]);
    dsprites.snap(41_512, &mut x, &mut y);
    assert_eq!(y[0], 18 * 256 + 128);
    let rows = dsprites.rows(41_512);
    assert_eq!(rows[18], 0);
    assert!(rows[19] != 0);
}

#[test]
fn snapped_vertices() {
    let dsprites = Dsprites::new();
    let check = |factors: &[usize], n: usize, expected: &[(i32, i32)]| {
        let (mut x, mut y) = ([0; HEART_VERTICES], [0; HEART_VERTICES]);
        let index = dsprites.space().index_of(factors);
        assert_eq!(dsprites.snap(index, &mut x, &mut y), n);
        let vertices: Vec<(i32, i32)> = x.into_iter().zip(y).take(expected.len()).collect();
        assert_eq!(vertices, expected);
    };
    check(
        &[0, 3, 20, 16, 9],
        4,
        &[(10442, 8276), (6523, 8592), (6206, 4673), (10126, 4356)],
    );
    check(
        &[1, 2, 33, 12, 25],
        100,
        &[(8567, 12585), (8497, 12628), (8423, 12663), (8344, 12690)],
    );
    check(
        &[2, 5, 4, 0, 0],
        150,
        &[
            (3365, 3124),
            (3362, 3119),
            (3352, 3104),
            (3337, 3078),
            (3318, 3041),
        ],
    );
}

/// The pixels of `index` in rows and columns given by their first and last, as text.
fn picture(index: usize, [top, bottom]: [usize; 2], [left, right]: [usize; 2]) -> String {
    let mut pixels = vec![0.5; SIDE * SIDE];
    Dsprites::new().write(index, &mut pixels);
    let mut text = String::new();
    for row in top..=bottom {
        for column in left..=right {
            text.push(match pixels[row * SIDE + column] {
                0.0 => '.',
                1.0 => '#',
                other => panic!("pixel is {other}"),
            });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_smallest_upright_heart() {
    let expected = "\
..#....#..
.########.
##########
##########
.########.
.########.
..######..
...####...
....##....
";
    assert_eq!(picture(491_520, [11, 19], [11, 20]), expected);
}

#[test]
fn a_large_heart_turned() {
    let expected = "\
.........######...
........########..
........#########.
.......##########.
.......##########.
........#########.
.######.##########
.################.
#################.
#################.
#################.
#################.
#################.
.################.
..##############..
...#############..
.......#########..
..............##..
................#.
";
    assert_eq!(picture(700_416, [5, 23], [5, 22]), expected);
}

/// How many different images occur once, twice, … among these.
fn multiplicities(mut hashes: Vec<blake3::Hash>) -> BTreeMap<usize, usize> {
    hashes.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let mut groups_by_size = BTreeMap::new();
    for group in hashes.chunk_by(|a, b| a == b) {
        *groups_by_size.entry(group.len()).or_insert(0) += 1;
    }
    groups_by_size
}

#[test]
fn images_repeat_as_often_as_known_and_never_across_shapes() {
    let dsprites = Dsprites::new();
    let hash = |index| {
        let rows = dsprites.rows(index);
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
        blake3::hash(&bytes)
    };
    let hashes: Vec<blake3::Hash> = (0..3 * N_PER_SHAPE).map(hash).collect();
    let expected = [
        BTreeMap::from([(1, 228_544), (2, 8272), (3, 48), (4, 132)]),
        BTreeMap::from([(1, 232_428), (2, 6666)]),
        BTreeMap::from([(1, 233_472), (2, 6144)]),
    ];
    for (shape, (own, expected)) in hashes.chunks(N_PER_SHAPE).zip(expected).enumerate() {
        assert_eq!(multiplicities(own.to_vec()), expected, "shape {shape}");
    }
    let distinct: usize = multiplicities(hashes).values().sum();
    assert_eq!(distinct, 715_706);
}

#[test]
fn packed_and_float_images_agree() {
    let dsprites = Dsprites::new();
    let packed = dsprites.packed().unwrap();
    let (mut words, mut pixels) = (vec![0; packed.n_words()], vec![0.0; dsprites.n_pixels()]);
    for (index, ..) in SINGLES {
        packed.write_packed(index, &mut words);
        dsprites.write(index, &mut pixels);
        for (p, &pixel) in pixels.iter().enumerate() {
            assert_eq!(pixel == 1.0, words[p / 64] >> (p % 64) & 1 == 1);
        }
    }
}
