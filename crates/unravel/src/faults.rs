//! The faults of a sweep file, underlined where they are.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, Report, Severity, SourceCode};
use unravel_sweep::{Fault, Faults};

/// Faults with the name of their file.
#[derive(Debug)]
pub struct SweepFaults {
    pub path: String,
    pub faults: Faults,
}

impl SweepFaults {
    /// Prints every fault to stderr.
    pub fn print(&self) {
        let n = self.faults.len();
        for fault in &self.faults {
            let source = NamedSource::new(&self.path, self.faults.text().to_owned());
            let report = Report::new(Underlined {
                fault: fault.clone(),
                source,
            });
            eprintln!("{report:?}");
        }
        let plural = if n == 1 { "" } else { "s" };
        eprintln!(
            "error: {n} fault{plural} in {}; nothing was trained",
            self.path
        );
    }

    /// The faults as JSON values, with line and column from 1.
    pub fn to_json(&self) -> Vec<serde_json::Value> {
        self.faults
            .iter()
            .zip(self.faults.positions())
            .map(|(fault, (line, column))| {
                serde_json::json!({
                    "message": fault.message, "line": line, "column": column, "help": fault.help,
                })
            })
            .collect()
    }
}

#[derive(Debug)]
struct Underlined {
    fault: Fault,
    source: NamedSource<String>,
}

impl fmt::Display for Underlined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault.message)
    }
}

impl std::error::Error for Underlined {}

impl Diagnostic for Underlined {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fault
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = Some(self.fault.label.clone());
        let span = self.fault.span.clone();
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            span.start,
            span.len(),
        ))))
    }
}
