//! Sizes, colours, fonts and marker shapes: the look of every figure and of the page, in one place.
//!
//! A family (an objective such as β-VAE) has a hue and a marker shape, so it is told apart without colour; a setting has
//! a shade of its family's hue, weak strengths nearer to the paper and strong ones farther from it. The same setting has
//! the same [`Ink`] on every figure.

/// A colour as red, green, blue.
pub type Rgb = [u8; 3];

/// A colour in both themes. Everything that is drawn carries one, so a figure is laid out once and painted twice.
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

    /// `light` or `dark`, as file names have it.
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

/// `#RRGGBB`, in the spelling of the SVG files, which the page's style sheet matches.
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

/// The ground of a figure.
pub const PAPER: Ink = ink(0xFFFFFF, 0x16191F);
/// Titles and labels.
pub const TEXT: Ink = ink(0x1B1F27, 0xE8EAEE);
/// Tick labels and notes.
pub const QUIET: Ink = ink(0x5A6270, 0xA3ABB8);
/// Axis lines.
pub const AXIS: Ink = ink(0x9AA2AE, 0x646D7A);
/// Grid lines.
pub const GRID: Ink = ink(0xE6E9EE, 0x2A2F38);

/// The full colour of positive values of a matrix, and of negative ones: blue and orange, of unequal darkness, so that
/// their sign is not lost on the colour-blind. The numbers stand in the cells besides.
pub const POSITIVE: Ink = ink(0x0A4F8A, 0x8CC8F0);
/// See [`POSITIVE`].
pub const NEGATIVE: Ink = ink(0xC25A00, 0xF0A050);
/// Parts of a bar, told apart by darkness: the first of three.
pub const FIRST_PART: Ink = ink(0x08305A, 0xBFE0F7);
/// The second of three.
pub const SECOND_PART: Ink = ink(0x5A9BD0, 0x4C86B8);
/// The third of three.
pub const THIRD_PART: Ink = ink(0xD4DAE2, 0x363D48);

/// The ink of text on a ground of colour, in each theme the one that stands out more. Where the themes differ in which
/// that is, the light colour is off by one, since the page finds an ink's dark colour by its light one.
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
}

impl Shape {
    /// Corners on a circle of radius 1 around the origin, y downwards; empty for the disc. Sizes are such that shapes
    /// of equal radius look equally heavy.
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

/// How a family is drawn: the inks of its weakest and strongest settings, and its shape.
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

const fn family(weak: Ink, strong: Ink, shape: Shape) -> FamilyStyle {
    FamilyStyle {
        weak,
        strong,
        shape,
    }
}

/// Hues after Okabe and Ito (2008), told apart with any colour vision; shades keep 3:1 against the paper.
const FAMILIES: [(&str, FamilyStyle); 8] = [
    (
        "beta-vae",
        family(
            ink(0x4A9BD4, 0x2F86C6),
            ink(0x023B6B, 0xB5DDF8),
            Shape::Disc,
        ),
    ),
    (
        "factor-vae",
        family(
            ink(0xEB8436, 0xC9590B),
            ink(0x7A2A00, 0xFFD2A8),
            Shape::Diamond,
        ),
    ),
    (
        "beta-tc-vae",
        family(
            ink(0x23A680, 0x0E8F6B),
            ink(0x004A36, 0xA4EBD2),
            Shape::Triangle,
        ),
    ),
    (
        "dip-vae-i",
        family(
            ink(0xCE7FAE, 0xB4588F),
            ink(0x6A1F4D, 0xF6CBE3),
            Shape::Square,
        ),
    ),
    (
        "dip-vae-ii",
        family(
            ink(0x9C86D8, 0x7D63C4),
            ink(0x3A2380, 0xD8CCFA),
            Shape::Nabla,
        ),
    ),
    (
        "annealed-vae",
        family(
            ink(0xA88E00, 0x9A8200),
            ink(0x4F4200, 0xF2E27A),
            Shape::Pentagon,
        ),
    ),
    (
        "vae",
        family(
            ink(0x8C8C8C, 0x777777),
            ink(0x404040, 0xD9D9D9),
            Shape::Hexagon,
        ),
    ),
    (
        "combined",
        family(
            ink(0xDB6B6B, 0xC24A4A),
            ink(0x7A1212, 0xF7C6C6),
            Shape::Arrow,
        ),
    ),
];

/// The style of the family called `name`; one that is not known takes the style at `index`, counted round.
pub fn family_style(name: &str, index: usize) -> FamilyStyle {
    FAMILIES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(FAMILIES[index % FAMILIES.len()].1, |(_, style)| *style)
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
    /// PNG files have this many pixels a figure pixel; `SCALE` must be a multiple.
    pub const PNG_SCALE: u32 = 2;
}

/// Opacity of a trial's mark among `n` on the figure: the more there are, the fainter each.
pub fn trial_opacity(n: usize) -> f64 {
    (0.55 * (100.0 / n.max(1) as f64).sqrt()).clamp(0.22, 0.55)
}

/// Opacity of the paper behind a label, which keeps it readable on a cloud of marks.
pub const PAD_OPACITY: f64 = 0.72;
/// Opacity of a band of spread.
pub const BAND_OPACITY: f64 = 0.16;

/// The font that SVG files and the page ask for.
pub const FONT_FAMILY: &str = "Open Sans, Segoe UI, Helvetica, Arial, sans-serif";

/// Open Sans, which measures text everywhere and draws it in PNG files.
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
            for (name, style) in FAMILIES {
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
}
