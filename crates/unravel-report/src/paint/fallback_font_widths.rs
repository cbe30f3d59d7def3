//! Character widths in the widest of the fallback sans-serif fonts.
//!
//! A viewer draws an SVG file in a font that it has installed. Text that is laid out for a narrow font does not fit in
//! a wide one, so layouts reserve the width of the widest font.

/// Advance widths of consecutive characters.
struct Run {
    /// The first of them.
    first: u32,
    /// Thousandths of an em, of the regular weight.
    regular: &'static [u16],
    /// Thousandths of an em, of the bold weight, which browsers use where a font has no semibold.
    bold: &'static [u16],
}

/// The width of any other character: one em, the width of East Asian characters.
const UNKNOWN: f64 = 1.0;

/// The width of a character in ems, in the widest of DejaVu Sans (about as wide as Verdana) and Liberation Sans (as
/// wide as Arial and Helvetica).
pub fn em_width(character: char, is_bold: bool) -> f64 {
    let code = u32::from(character);
    let width = RUNS.iter().find_map(|run| {
        let place = usize::try_from(code.checked_sub(run.first)?).ok()?;
        let widths = if is_bold { run.bold } else { run.regular };
        widths.get(place)
    });
    width.map_or(UNKNOWN, |width| f64::from(*width) / 1000.0)
}

/// Rounded up, from the fonts' own tables (DejaVu 2.37, Liberation 2.1).
#[rustfmt::skip]
const RUNS: &[Run] = &[
    Run {
        first: 0x20,
        regular: &[
            318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637,
            637, 637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 557, 1016, 685, 687, 723, 771, 667, 611, 778,
            752, 295, 500, 667, 558, 863, 749, 788, 667, 788, 723, 667, 611, 732, 685, 989, 686, 667, 686, 391,
            337, 391, 838, 557, 500, 613, 635, 550, 635, 616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612,
            635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838
        ],
        bold: &[
            349, 457, 521, 838, 696, 1002, 873, 307, 458, 458, 523, 838, 380, 416, 380, 366, 696, 696, 696, 696,
            696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 611, 1000, 774, 763, 734, 831, 684, 684, 821,
            837, 373, 557, 775, 638, 996, 837, 851, 733, 851, 771, 721, 683, 813, 774, 1104, 771, 725, 726, 458,
            366, 458, 838, 557, 500, 675, 716, 593, 716, 679, 436, 716, 712, 343, 343, 666, 343, 1042, 712, 688,
            716, 716, 494, 596, 479, 712, 652, 924, 646, 652, 583, 712, 366, 712, 838
        ],
    },
    Run {
        first: 0xA0,
        regular: &[
            318, 401, 637, 637, 637, 637, 337, 557, 500, 1000, 472, 612, 838, 361, 1000, 553, 500, 838, 401,
            401, 500, 637, 637, 318, 500, 401, 472, 612, 970, 970, 970, 611, 685, 685, 685, 685, 685, 685, 1000,
            723, 667, 667, 667, 667, 295, 295, 295, 295, 775, 749, 788, 788, 788, 788, 788, 838, 788, 732, 732,
            732, 732, 667, 667, 630, 613, 613, 613, 613, 613, 613, 982, 550, 616, 616, 616, 616, 278, 278, 278,
            278, 612, 634, 612, 612, 612, 612, 612, 838, 612, 634, 634, 634, 634, 592, 635, 592
        ],
        bold: &[
            349, 457, 696, 696, 637, 696, 366, 557, 500, 1000, 564, 646, 838, 416, 1000, 553, 500, 838, 438,
            438, 500, 736, 637, 380, 500, 438, 564, 646, 1036, 1036, 1036, 611, 774, 774, 774, 774, 774, 774,
            1085, 734, 684, 684, 684, 684, 373, 373, 373, 373, 838, 837, 851, 851, 851, 851, 851, 838, 851, 813,
            813, 813, 813, 725, 738, 720, 675, 675, 675, 675, 675, 675, 1048, 593, 679, 679, 679, 679, 343, 343,
            343, 343, 688, 712, 688, 688, 688, 688, 688, 838, 688, 712, 712, 712, 712, 652, 716, 652
        ],
    },
    Run {
        first: 0x391,
        regular: &[
            685, 687, 558, 685, 667, 686, 752, 788, 295, 667, 685, 863, 749, 650, 788, 752, 667, 1000, 632, 611,
            667, 798, 686, 836, 765, 295, 667, 660, 541, 634, 339, 579, 660, 639, 592, 612, 541, 544, 634, 612,
            339, 590, 592, 637, 559, 558, 612, 690, 635, 587, 634, 603, 579, 660, 578, 713, 838
        ],
        bold: &[
            774, 763, 638, 774, 684, 726, 837, 851, 373, 775, 774, 996, 837, 644, 851, 837, 733, 1000, 684, 683,
            725, 851, 771, 850, 851, 373, 725, 688, 557, 712, 390, 676, 688, 716, 682, 688, 557, 591, 712, 688,
            390, 711, 633, 736, 682, 591, 688, 792, 716, 593, 779, 639, 676, 783, 646, 794, 870
        ],
    },
    Run {
        first: 0x2010,
        regular: &[
            361, 361, 637, 557, 1000, 1000, 500, 553, 318, 318, 318, 318, 519, 519, 519, 519, 557, 557, 590,
            590, 335, 668, 1000, 318
        ],
        bold: &[
            416, 416, 696, 557, 1000, 1000, 500, 553, 380, 380, 380, 380, 658, 658, 658, 658, 557, 557, 640,
            640, 334, 667, 1000, 349
        ],
    },
    Run {
        first: 0x2190,
        regular: &[1000, 838, 1000, 838],
        bold: &[1000, 838, 1000, 838],
    },
    Run {
        first: 0x2211,
        regular: &[713, 838],
        bold: &[718, 838],
    },
    Run {
        first: 0x221E,
        regular: &[834],
        bold: &[834],
    },
    Run {
        first: 0x2248,
        regular: &[838],
        bold: &[838],
    },
    Run {
        first: 0x2264,
        regular: &[838, 838],
        bold: &[838, 838],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ab_glyph::{Font, FontRef};
    use std::path::Path;

    const FONTS: [(&str, bool); 4] = [
        ("dejavu/DejaVuSans.ttf", false),
        ("dejavu/DejaVuSans-Bold.ttf", true),
        ("liberation/LiberationSans-Regular.ttf", false),
        ("liberation/LiberationSans-Bold.ttf", true),
    ];

    #[test]
    fn no_character_is_wider_in_a_font_that_is_installed_here() {
        for (name, is_bold) in FONTS {
            let path = Path::new("/usr/share/fonts/truetype").join(name);
            let Ok(bytes) = std::fs::read(&path) else {
                println!("skipped: there is no {}", path.display());
                continue;
            };
            let font = FontRef::try_from_slice(&bytes).unwrap();
            let units_per_em = f64::from(font.units_per_em().unwrap());
            for character in RUNS.iter().flat_map(|run| {
                let last = run.first + run.regular.len() as u32;
                (run.first..last).filter_map(char::from_u32)
            }) {
                let glyph = font.glyph_id(character);
                if glyph.0 != 0 {
                    let width = f64::from(font.h_advance_unscaled(glyph)) / units_per_em;
                    assert!(
                        width <= em_width(character, is_bold) + 1e-9,
                        "{character} is {width} em wide in {name}"
                    );
                }
            }
        }
    }

    #[test]
    fn both_weights_have_the_same_characters() {
        for run in RUNS {
            assert_eq!(run.regular.len(), run.bold.len(), "from {:#x}", run.first);
        }
        assert_eq!([em_width('n', false), em_width('n', true)], [0.634, 0.712]);
        assert_eq!(em_width('漢', false), UNKNOWN);
    }
}
