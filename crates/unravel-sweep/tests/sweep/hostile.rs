//! No text makes the reader panic, hang or take memory out of proportion.

use proptest::prelude::*;
use unravel_sweep::parse;

const GOOD: &str = include_str!("../../../../sweeps/quickstart.toml");

#[test]
fn deep_and_long_texts_are_refused() {
    for text in [
        format!("x = {}", "[".repeat(100_000)),
        format!("{} = 1", "a.".repeat(10_000) + "a"),
        "[[arm]]\nseeds = 1\n".repeat(20_000),
        format!(
            "format-version = 1\nname = \"s\"\n[[arm]]\nobjective.beta-vae.beta = [{}]",
            "-1,".repeat(300_000)
        ),
        "#".repeat(2 << 20),
    ] {
        let faults = parse(&text).unwrap_err();
        assert!(faults.len() <= 100);
        assert!(faults.to_string().len() < 100_000);
    }
}

proptest! {
    /// A good file with a piece cut out, doubled or replaced.
    #[test]
    fn damaged_files_are_read_or_refused(
        start in 0..GOOD.len(), len in 0_usize..40, piece in "[\\[\\]{}=,.\"#0-9a-z\n -]{0,12}",
    ) {
        let is_boundary = |at: &usize| GOOD.is_char_boundary(*at);
        let start = (start..=GOOD.len()).find(is_boundary).unwrap();
        let end = (start + len..=GOOD.len()).find(is_boundary).unwrap_or(GOOD.len());
        let text = format!("{}{piece}{}", &GOOD[..start], &GOOD[end..]);
        match parse(&text) {
            Ok(sweep) => prop_assert_eq!(sweep.trials("any").is_empty(), false),
            Err(faults) => {
                prop_assert_eq!(faults.positions().len(), faults.len());
                for fault in &faults {
                    prop_assert!(fault.span.start <= fault.span.end && fault.span.end <= text.len());
                    prop_assert!(text.get(fault.span.clone()).is_some());
                }
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text).map_err(|faults| faults.to_string());
    }
}
