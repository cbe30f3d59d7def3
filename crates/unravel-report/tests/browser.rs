//! The pages in a browser: no error, no broken image, no text outside its box, in a wide and a narrow font, on wide and
//! narrow screens, light and dark.
//!
//! Needs Chromium (Debian's package `chromium`) and the fonts DejaVu and Liberation (`fonts-dejavu-core` and
//! `fonts-liberation`). Without one of them a test says so and checks nothing; with `CI=true` it fails.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use support::Fate;

const EVERY_FIGURE: &str = include_str!("support/every-figure.toml");
const HARD_TO_FIT: &str = include_str!("support/hard-to-fit.toml");

/// Widths of the screens, in pixels.
const WIDTHS: [u32; 2] = [1280, 390];
/// What Chromium calls a light and a dark screen.
const SCHEMES: [(&str, &str); 2] = [("light", "1"), ("dark", "0")];

/// Measures every screen and writes a line a fault, and how much was looked at.
const MEASURE: &str = include_str!("support/measure.js");

/// A font that a machine may have for everything.
struct Font {
    /// The family.
    family: &'static str,
    /// The file of its regular weight.
    file: &'static str,
    /// How wide its `m` is, in thousandths of an em, which shows that it is the one in use.
    m: usize,
}

const DEJAVU: Font = Font {
    family: "DejaVu Sans",
    file: "DejaVuSans.ttf",
    m: 974,
};
const LIBERATION: Font = Font {
    family: "Liberation Sans",
    file: "LiberationSans-Regular.ttf",
    m: 833,
};

/// Where fonts are installed.
const FONT_FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

impl Font {
    fn is_installed(&self) -> bool {
        let mut folders: Vec<PathBuf> = FONT_FOLDERS.map(PathBuf::from).to_vec();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if entry.file_name() == self.file {
                    return true;
                }
            }
        }
        false
    }

    /// A configuration of fontconfig by which this is the only font of the machine.
    fn alone(&self, folder: &Path) -> PathBuf {
        let path = folder.join("fonts.conf");
        let folders = FONT_FOLDERS
            .map(|folder| format!("<dir>{folder}</dir>"))
            .concat();
        let (family, cache) = (self.family, folder.join("fonts").display().to_string());
        let text = format!(
            r#"<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>{folders}<cachedir>{cache}</cachedir>
<selectfont><rejectfont><pattern><patelt name="scalable"><bool>true</bool></patelt></pattern></rejectfont>
<acceptfont><pattern><patelt name="family"><string>{family}</string></patelt></pattern></acceptfont></selectfont></fontconfig>"#
        );
        fs::write(&path, text).unwrap();
        path
    }
}

/// The first of Chromium's names that starts.
fn chromium() -> Option<&'static str> {
    let starts = |name: &&&str| {
        let mut command = Command::new(name);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find(starts)
        .copied()
}

/// Chromium, where it and the font are there.
fn needed(font: &Font) -> Option<&'static str> {
    let chromium = chromium();
    let lacking = match (chromium, font.is_installed()) {
        (Some(_), true) => return chromium,
        (None, _) => "Chromium",
        (_, false) => font.family,
    };
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!is_ci, "there is no {lacking}, which CI=true requires");
    println!("skipped: there is no {lacking}");
    None
}

/// Pages by name.
type Pages = Vec<(&'static str, String)>;

/// A report of everything, one whose words and numbers are hard to fit, and the comparison of the latter with itself.
fn pages() -> &'static Pages {
    static PAGES: OnceLock<Pages> = OnceLock::new();
    PAGES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let every = |idx| match idx % 13 {
            5 => Fate::Failed,
            6 => Fate::Training,
            7 => Fate::Unscored,
            8 => Fate::Blind,
            9 => Fate::Absent,
            _ => Fate::Done,
        };
        let hard = |idx| match idx % 5 {
            1 => Fate::Diverged,
            2 => Fate::Failed,
            _ => Fate::Done,
        };
        let report = |name: &'static str, text: &str, fate: fn(usize) -> Fate| {
            let (sweep, trials) = support::sweep(text);
            let runs = folder.path().join(name).join("runs");
            let store = support::fill(&runs, &sweep, &trials, fate).unwrap();
            let dir = folder.path().join(name).join("report");
            unravel_report::render(&sweep, text, &trials, &store, &dir, &mut |_| {}).unwrap();
            (name, fs::read_to_string(dir.join("index.html")).unwrap())
        };
        vec![
            report("every figure", EVERY_FIGURE, every),
            report("hard to fit", HARD_TO_FIT, hard),
            ("comparison", comparison(folder.path())),
        ]
    })
}

/// Two sweeps with long names, on one page.
fn comparison(folder: &Path) -> String {
    let (sweep, trials) = support::sweep(HARD_TO_FIT);
    let store = |name: &str, fate: fn(usize) -> Fate| {
        support::fill(&folder.join(name), &sweep, &trials, fate).unwrap()
    };
    let stores = [
        store("a", |_| Fate::Done),
        store("b", |idx| {
            if idx % 5 == 0 {
                Fate::Diverged
            } else {
                Fate::Done
            }
        }),
    ];
    let side = |which: usize, store| unravel_report::Side {
        title: format!("{}-{which}", sweep.name),
        sweep: &sweep,
        trials: &trials,
        store,
        cross_trial: Vec::new(),
    };
    let sides = [side(1, &stores[0]), side(2, &stores[1])];
    let dir = folder.join("comparison");
    unravel_report::compare([&sides[0], &sides[1]], &dir).unwrap();
    fs::read_to_string(dir.join("index.html")).unwrap()
}

/// A page with `html` on a screen of each width, as frames: Chromium's own windows are never as narrow as a telephone.
fn screens(html: &str) -> String {
    let escaped = html.replace('&', "&amp;").replace('"', "&quot;");
    let frame = |width: &u32| {
        format!(
            r#"<iframe data-width="{width}" style="width:{width}px;height:900px;border:0" srcdoc="{escaped}"></iframe>"#
        )
    };
    let frames: String = WIDTHS.iter().map(frame).collect();
    format!(
        "<!doctype html><meta charset=\"utf-8\"><body>{frames}<script>{MEASURE}</script></body>"
    )
}

/// What the measurement wrote, and what Chromium said on its console.
fn measured(
    chromium: &str,
    folder: &Path,
    fonts: &Path,
    scheme: &str,
) -> (Vec<String>, Vec<String>) {
    let output = Command::new(chromium)
        .env("FONTCONFIG_FILE", fonts)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .args([
            "--window-size=1400,1000",
            "--virtual-time-budget=60000",
            "--dump-dom",
        ])
        .arg(format!("file://{}", folder.join("screens.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = dom
        .split_once("<pre id=\"result\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .unwrap_or_else(|| panic!("no result: {}", String::from_utf8_lossy(&output.stderr)));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = said.lines().filter(|line| line.contains(":CONSOLE"));
    (
        result.0.lines().map(str::to_owned).collect(),
        console.map(str::to_owned).collect(),
    )
}

/// Looks at every page on every screen with no other font than this.
fn check(font: &Font) {
    let Some(chromium) = needed(font) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let fonts = font.alone(folder.path());
    for (page, html) in pages() {
        fs::write(folder.path().join("screens.html"), screens(html)).unwrap();
        for (name, scheme) in SCHEMES {
            let (lines, console) = measured(chromium, folder.path(), &fonts, scheme);
            let (counts, faults): (Vec<&String>, Vec<&String>) =
                lines.iter().partition(|line| line.starts_with("checked"));
            let place = format!("{page} on a {name} screen in {}", font.family);
            assert_eq!(faults, Vec::<&String>::new(), "{place}");
            assert_eq!(console, Vec::<String>::new(), "{place}");
            assert_eq!(counts.len(), WIDTHS.len(), "{place}: {lines:?}");
            for count in counts {
                assert!(count.contains(name), "the screen is {name}: {count}");
                let n: Vec<usize> = count
                    .split(' ')
                    .filter_map(|word| word.parse().ok())
                    .collect();
                let fewest_images = if *page == "comparison" { 0 } else { 10 };
                assert!(300 < n[1] && fewest_images <= n[2], "{place}: {count}");
                assert!(
                    n[3].abs_diff(font.m) <= 10,
                    "{place}, the font is another: {count}"
                );
            }
        }
    }
}

#[test]
fn the_page_is_whole_in_a_browser_with_dejavu_fonts_only() {
    check(&DEJAVU);
}

#[test]
fn the_page_is_whole_in_a_browser_with_liberation_fonts_only() {
    check(&LIBERATION);
}
