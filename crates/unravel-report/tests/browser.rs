//! The page in a browser: no error, no broken image, no text outside its box, on wide and narrow screens, light and dark.
//!
//! Needs Chromium (Debian's package `chromium`); without it the test says so and checks nothing.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::Fate;

const SWEEP: &str = include_str!("support/every-figure.toml");

/// Widths of the screens, in pixels.
const WIDTHS: [u32; 2] = [1280, 390];
/// What Chromium calls a light and a dark screen.
const SCHEMES: [(&str, &str); 2] = [("light", "1"), ("dark", "0")];

/// Measures every screen and writes a line a fault, and how much was looked at.
const MEASURE: &str = include_str!("support/measure.js");

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
fn measured(chromium: &str, folder: &Path, scheme: &str) -> (Vec<String>, Vec<String>) {
    let output = Command::new(chromium)
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

#[test]
fn the_page_is_whole_in_a_browser() {
    let Some(chromium) = chromium() else {
        println!("skipped: there is no chromium");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (sweep, trials) = support::sweep(SWEEP);
    let fate = |idx| match idx % 13 {
        5 => Fate::Failed,
        6 => Fate::Training,
        7 => Fate::Unscored,
        8 => Fate::Blind,
        9 => Fate::Absent,
        _ => Fate::Done,
    };
    let store = support::fill(&folder.path().join("runs"), &sweep, &trials, fate).unwrap();
    let dir = folder.path().join("report");
    unravel_report::render(&sweep, SWEEP, &trials, &store, &dir, &mut |_| {}).unwrap();
    let page = fs::read_to_string(dir.join("index.html")).unwrap();
    fs::write(folder.path().join("screens.html"), screens(&page)).unwrap();
    for (name, scheme) in SCHEMES {
        let (lines, console) = measured(chromium, folder.path(), scheme);
        let (counts, faults): (Vec<&String>, Vec<&String>) =
            lines.iter().partition(|line| line.starts_with("checked"));
        assert_eq!(faults, Vec::<&String>::new(), "on a {name} screen");
        assert_eq!(console, Vec::<String>::new(), "on a {name} screen");
        assert_eq!(counts.len(), WIDTHS.len(), "{lines:?}");
        for count in counts {
            assert!(count.contains(name), "the screen is {name}: {count}");
            let n: Vec<usize> = count
                .split(' ')
                .filter_map(|word| word.parse().ok())
                .collect();
            assert!(500 < n[1] && 10 < n[2], "{count}");
        }
    }
}
