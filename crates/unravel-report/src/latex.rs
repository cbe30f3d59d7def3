//! The table of settings for a paper, in LaTeX with the package booktabs.

use crate::page::Table;

/// The table as a `tabular`: one row per setting, means with sd over trial seeds, the best mean of each column in bold.
pub fn latex(table: &Table) -> String {
    let mut text = String::from(
        "% Mean and standard deviation over trial seeds. Needs \\usepackage{booktabs}.\n",
    );
    let columns = "r".repeat(table.heads.len() + 1);
    text.push_str(&format!("\\begin{{tabular}}{{l{columns}}}\n\\toprule\n"));
    let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    let head = |of: &dyn Fn(&crate::page::Head) -> String| table.heads.iter().map(of).collect();
    let titles: Vec<String> = head(&|head| escaped(&head.title));
    let details: Vec<String> = head(&|head| escaped(&head.detail));
    let with = |first: [&str; 2], rest: Vec<String>| {
        first.map(str::to_owned).into_iter().chain(rest).collect()
    };
    text.push_str(&line(with(["Setting", "Trials"], titles)));
    text.push_str(&line(with(["", ""], details)));
    text.push_str("\\midrule\n");
    for row in &table.rows {
        let cell = |cell: &crate::page::Cell| match cell.is_best {
            true => format!("\\textbf{{{}}}", escaped(&cell.text)),
            false => escaped(&cell.text),
        };
        let cells = row.cells.iter().map(cell);
        let first = [escaped(&row.setting), escaped(&row.n_trials)];
        text.push_str(&line(first.into_iter().chain(cells).collect()));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    text
}

/// Escapes LaTeX's special characters and the letters that older LaTeX fonts lack.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if let Some((symbol, after)) = subscripted(letter, rest.as_str()) {
            escaped.push_str(&symbol);
            rest = after.chars();
            continue;
        }
        let instead = match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
                continue;
            }
            '\\' => "\\textbackslash{}",
            '~' => "\\textasciitilde{}",
            '^' => "\\textasciicircum{}",
            'α' => "$\\alpha$",
            'β' => "$\\beta$",
            'γ' => "$\\gamma$",
            'λ' => "$\\lambda$",
            '±' => "$\\pm$",
            '−' => "$-$",
            '–' => "--",
            '·' => "$\\cdot$",
            '×' => "$\\times$",
            _ => {
                escaped.push(letter);
                continue;
            }
        };
        escaped.push_str(instead);
    }
    escaped
}

/// `$\lambda_{\mathrm{od}}$` for `λ_od`, and the rest of the text; `None` if the text does not begin with a Greek
/// letter with an index.
fn subscripted(letter: char, after: &str) -> Option<(String, &str)> {
    let index = after
        .strip_prefix('_')
        .filter(|_| ('α'..='ω').contains(&letter))?;
    let symbol = escaped(&letter.to_string());
    let symbol = symbol.strip_suffix('$')?;
    let n_bytes = index
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(index.len());
    let (index, after) = index.split_at(n_bytes);
    (!index.is_empty()).then(|| (format!("{symbol}_{{\\mathrm{{{index}}}}}$"), after))
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_latex_reads_otherwise_is_escaped() {
        assert_eq!(escaped("β-VAE β=4"), "$\\beta$-VAE $\\beta$=4");
        assert_eq!(escaped("0.3 ± 0.1"), "0.3 $\\pm$ 0.1");
        assert_eq!(escaped("50 % & a_b"), "50 \\% \\& a\\_b");
        assert_eq!(escaped("λ_od=5"), "$\\lambda_{\\mathrm{od}}$=5");
    }
}
