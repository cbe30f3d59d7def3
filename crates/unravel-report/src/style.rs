//! Sizes, colours, fonts and marker shapes: the look of every figure and of the page, in one place.
//!
//! A family (an objective such as β-VAE) has a hue and a marker shape, so families are distinguishable without colour.
//! A setting has a shade of its family's hue: weak strengths are close to the background colour, strong ones are far
//! from it. A setting has the same [`Ink`] in every figure.

/// A colour as red, green, blue.
pub type Rgb = [u8; 3];

/// A colour in both themes. Every drawn element has an ink, so a figure is laid out once and painted twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ink {
    /// On light paper.
    pub light: Rgb,
    /// On dark paper.
    pub dark: Rgb,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark marks on white paper.
    Light,
    /// Light marks on near-black paper.
    Dark,
}

impl Theme {
    /// Both themes, in the order in which files are written.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// `light` or `dark`, for file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Ink {
    /// The colour in `theme`.
    pub fn in_theme(self, theme: Theme) -> Rgb {
        match theme {
            Theme::Light => self.light,
            Theme::Dark => self.dark,
        }
    }

    /// The ink between `self` (at 0) and `other` (at 1).
    pub fn mix(self, other: Self, share: f64) -> Self {
        Self {
            light: mix(self.light, other.light, share),
            dark: mix(self.dark, other.dark, share),
        }
    }
}

/// The colour between `a` (at 0) and `b` (at 1).
pub fn mix(a: Rgb, b: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|i| {
        (f64::from(a[i]) + (f64::from(b[i]) - f64::from(a[i])) * share).round() as u8
    })
}

/// `#RRGGBB`, as in SVG files. The page's style sheet selects elements by this text.
pub fn hex(rgb: Rgb) -> String {
    format!("#{:02X}{:02X}{:02X}", rgb[0], rgb[1], rgb[2])
}

const fn ink(light: u32, dark: u32) -> Ink {
    Ink {
        light: rgb(light),
        dark: rgb(dark),
    }
}

const fn rgb(value: u32) -> Rgb {
    let [_, r, g, b] = value.to_be_bytes();
    [r, g, b]
}

/// The background of a figure.
pub const PAPER: Ink = ink(0xFFFFFF, 0x16191F);
/// Titles and labels.
pub const TEXT: Ink = ink(0x1B1F27, 0xE8EAEE);
/// Tick labels and notes.
pub const QUIET: Ink = ink(0x5A6270, 0xA3ABB8);
/// Axis lines.
pub const AXIS: Ink = ink(0x9AA2AE, 0x646D7A);
/// Grid lines.
pub const GRID: Ink = ink(0xE6E9EE, 0x2A2F38);

/// The full colour of positive values of a matrix (blue) and of negative values (orange). Their darkness differs, so
/// that colour-blind readers can distinguish them. The cells also contain the numbers.
pub const POSITIVE: Ink = ink(0x0A4F8A, 0x8CC8F0);
/// See [`POSITIVE`].
pub const NEGATIVE: Ink = ink(0xC25A00, 0xF0A050);
/// The first of three parts of a bar. The parts differ in darkness.
pub const FIRST_PART: Ink = ink(0x08305A, 0xBFE0F7);
/// The second of three.
pub const SECOND_PART: Ink = ink(0x5A9BD0, 0x4C86B8);
/// The third of three.
pub const THIRD_PART: Ink = ink(0xD4DAE2, 0x363D48);

/// The ink of text on a coloured background: in each theme, the one with more contrast. If the choice differs between
/// the themes, the light colour is changed by one, because the page selects an ink's dark colour by its light colour.
pub fn on(ground: Ink) -> Ink {
    let is_text = |theme: Theme| {
        let ground = ground.in_theme(theme);
        contrast(PAPER.in_theme(theme), ground) <= contrast(TEXT.in_theme(theme), ground)
    };
    match (is_text(Theme::Light), is_text(Theme::Dark)) {
        (true, true) => TEXT,
        (false, false) => PAPER,
        (true, false) => ink(0x1B1F28, 0x16191F),
        (false, true) => ink(0xFFFFFE, 0xE8EAEE),
    }
}

/// The contrast ratio as WCAG 2.2 defines it.
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let luminance = |rgb: Rgb| {
        let [r, g, b] = rgb.map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The shape of a family's marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// ●
    Disc,
    /// ◆
    Diamond,
    /// ▲
    Triangle,
    /// ■
    Square,
    /// ▼
    Nabla,
    /// ⬟
    Pentagon,
    /// ⬢
    Hexagon,
    /// ▶
    Arrow,
    /// ◀
    LeftArrow,
}

impl Shape {
    /// Corners around the origin for a mark of radius 1, with y downwards; empty for the disc. Shapes of equal radius
    /// look equally large.
    pub fn corners(self) -> Vec<(f64, f64)> {
        let ring = |n: usize, turn: f64, radius: f64| {
            (0..n)
                .map(|i| std::f64::consts::TAU * (i as f64 / n as f64 + turn))
                .map(|angle| (radius * angle.cos(), radius * angle.sin()))
                .collect()
        };
        match self {
            Self::Disc => Vec::new(),
            Self::Diamond => ring(4, 0.0, 1.22),
            Self::Triangle => ring(3, -0.25, 1.30),
            Self::Square => ring(4, 0.125, 1.25),
            Self::Nabla => ring(3, 0.25, 1.30),
            Self::Pentagon => ring(5, -0.25, 1.15),
            Self::Hexagon => ring(6, 0.0, 1.12),
            Self::Arrow => ring(3, 0.0, 1.30),
            Self::LeftArrow => ring(3, 0.5, 1.30),
        }
    }
}

impl Shape {
    /// The corners of a mark of radius `radius` around `centre`, in pixels; empty for the disc.
    pub fn corners_at(self, centre: (f64, f64), radius: f64) -> Vec<(f64, f64)> {
        let corner = |(x, y): (f64, f64)| (centre.0 + radius * x, centre.1 + radius * y);
        self.corners().into_iter().map(corner).collect()
    }
}

/// The style of a family: the inks of its weakest and strongest settings, and its shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FamilyStyle {
    /// The ink of its lowest strength.
    pub weak: Ink,
    /// The ink of its highest strength.
    pub strong: Ink,
    /// The shape of its marks.
    pub shape: Shape,
}

impl FamilyStyle {
    /// The ink of the setting of rank `rank` of `n` in this family.
    pub fn setting_ink(&self, rank: usize, n: usize) -> Ink {
        let share = if n < 2 {
            0.5
        } else {
            rank as f64 / (n - 1) as f64
        };
        self.weak.mix(self.strong, share)
    }

    /// The ink of the family as a whole, for legends.
    pub fn ink(&self) -> Ink {
        self.weak.mix(self.strong, 0.5)
    }
}

/// A style from the inks of the weakest and the strongest setting, each in the light and the dark theme.
const fn family(weak: (u32, u32), strong: (u32, u32), shape: Shape) -> FamilyStyle {
    FamilyStyle {
        weak: ink(weak.0, weak.1),
        strong: ink(strong.0, strong.1),
        shape,
    }
}

/// One row per family of `unravel-sweep`. The hues are based on Okabe and Ito (2008) and are distinguishable with any
/// colour vision.
const FAMILIES: [(&str, FamilyStyle); 8] = [
    (
        "beta-vae",
        family((0x4A9BD4, 0x2F86C6), (0x023B6B, 0xB5DDF8), Shape::Disc),
    ),
    (
        "factor-vae",
        family((0xEB8436, 0xC9590B), (0x7A2A00, 0xFFD2A8), Shape::Diamond),
    ),
    (
        "beta-tc-vae",
        family((0x23A680, 0x0E8F6B), (0x004A36, 0xA4EBD2), Shape::Triangle),
    ),
    (
        "dip-vae-i",
        family((0xCE7FAE, 0xB4588F), (0x6A1F4D, 0xF6CBE3), Shape::Square),
    ),
    (
        "dip-vae-ii",
        family((0x9C86D8, 0x7D63C4), (0x3A2380, 0xD8CCFA), Shape::Nabla),
    ),
    (
        "annealed-vae",
        family((0xA88E00, 0x9A8200), (0x4F4200, 0xF2E27A), Shape::Pentagon),
    ),
    (
        "vae",
        family((0x8C8C8C, 0x777777), (0x404040, 0xD9D9D9), Shape::Hexagon),
    ),
    (
        "combined",
        family((0xDB6B6B, 0xC24A4A), (0x7A1212, 0xF7C6C6), Shape::Arrow),
    ),
];

/// The style of a family without a row in [`FAMILIES`]: slate, with a shape that no known family has.
const UNKNOWN_FAMILY: FamilyStyle =
    family((0x7A8699, 0x6F7C91), (0x2F3A4A, 0xCBD4E1), Shape::LeftArrow);

/// The style of the family called `name`. A family that this version does not know has a neutral style, which no other
/// family has.
pub fn family_style(name: &str) -> FamilyStyle {
    let known = FAMILIES.iter().find(|(known, _)| *known == name);
    known.map_or(UNKNOWN_FAMILY, |(_, style)| *style)
}

/// Sizes, in pixels of a figure at its natural size.
pub mod size {
    /// Width of a figure.
    pub const WIDTH: f64 = 540.0;
    /// Height of a figure.
    pub const HEIGHT: f64 = 404.0;
    /// Title of the value axis.
    pub const TITLE: f64 = 14.0;
    /// Labels of settings.
    pub const LABEL: f64 = 12.5;
    /// Tick labels, axis units, legend.
    pub const TICK: f64 = 12.0;
    /// The note under a figure.
    pub const NOTE: f64 = 10.5;
    /// Radius of a setting's mark.
    pub const MARK: f64 = 5.2;
    /// Radius of a trial's mark.
    pub const TRIAL: f64 = 2.6;
    /// Width of a curve.
    pub const CURVE: f64 = 1.8;
    /// Width of axes, grid and error bars.
    pub const HAIR: f64 = 1.0;
    /// Coordinates are written as whole numbers of 1/SCALE pixel; PNG files are laid out at this scale.
    pub const SCALE: u32 = 4;
    /// Pixels of a PNG file per figure pixel; `SCALE` must be a multiple.
    pub const PNG_SCALE: u32 = 2;
}

/// Opacity of a trial's mark in a figure with `n` trials. It decreases with `n`.
pub fn trial_opacity(n: usize) -> f64 {
    (0.55 * (100.0 / n.max(1) as f64).sqrt()).clamp(0.22, 0.55)
}

/// Opacity of the background behind a label, which keeps the label readable on top of marks.
pub const PAD_OPACITY: f64 = 0.72;
/// Opacity of a band of spread.
pub const BAND_OPACITY: f64 = 0.16;

/// The font that SVG files and the page ask for.
pub const FONT_FAMILY: &str = "Open Sans, Segoe UI, Helvetica, Arial, sans-serif";

/// Open Sans, which is used to measure all text and to draw text in PNG files.
pub const REGULAR: &[u8] = include_bytes!("../fonts/OpenSans-Regular.ttf");
/// Its semibold weight.
pub const SEMIBOLD: &[u8] = include_bytes!("../fonts/OpenSans-Semibold.ttf");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_marks_stand_out_from_the_paper() {
        for theme in Theme::ALL {
            let paper = PAPER.in_theme(theme);
            for (ink, least) in [(TEXT, 7.0), (QUIET, 4.5)] {
                assert!(
                    least <= contrast(ink.in_theme(theme), paper),
                    "{ink:?} in {theme:?}"
                );
            }
            let unknown = ("unknown", UNKNOWN_FAMILY);
            for (name, style) in FAMILIES.into_iter().chain([unknown]) {
                for rank in 0..6 {
                    let ratio = contrast(style.setting_ink(rank, 6).in_theme(theme), paper);
                    assert!(2.5 <= ratio, "{name} rank {rank} in {theme:?}: {ratio:.2}");
                }
            }
        }
    }

    #[test]
    fn numbers_stand_out_from_their_cells() {
        for theme in Theme::ALL {
            for full in [POSITIVE, NEGATIVE] {
                for step in 0..=20 {
                    let cell = PAPER.mix(full, f64::from(step) / 20.0);
                    let ratio = contrast(on(cell).in_theme(theme), cell.in_theme(theme));
                    assert!(3.5 <= ratio, "{full:?} {step} in {theme:?}: {ratio:.2}");
                }
            }
        }
    }

    #[test]
    fn every_family_has_its_own_shape() {
        for (i, (_, a)) in FAMILIES.iter().enumerate() {
            assert!(FAMILIES[..i].iter().all(|(_, b)| a.shape != b.shape));
        }
    }

    #[test]
    fn every_family_of_sweep_files_has_its_own_style() {
        for family in unravel_sweep::Family::ALL {
            let has_row = FAMILIES.iter().any(|(name, _)| *name == family.name);
            assert!(has_row, "FAMILIES has no row for {:?}", family.name);
        }
    }

    #[test]
    fn a_family_that_is_not_known_has_a_style_that_no_known_family_has() {
        let unknown = family_style("no-such-family");
        for (name, style) in FAMILIES {
            assert_ne!(unknown.shape, style.shape, "{name}");
            assert_ne!(unknown.ink(), style.ink(), "{name}");
        }
    }
}
