//! Circles of imports between the files of a crate, found by their `crate::`, `super::` and `self::` paths.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;

/// A module as the path of its file below `src`; empty for the crate's root.
type Module = Vec<String>;

/// Groups of modules that import each other, directly or by way of others; each group sorted, of two modules or more.
///
/// The root of the crate is left out, since it names every module; what it re-exports counts as an import of the module
/// where it is. A module and one below it may use each other.
pub fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let files: BTreeMap<Module, String> = sources
        .iter()
        .map(|source| (module(&source.path), source.lines.join("\n")))
        .collect();
    let exported = re_exports(files.get(&Module::new()).map_or("", String::as_str));
    let mut imports: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, text) in &files {
        let used = paths(text).into_iter();
        let found = used.filter_map(|path| resolve(module, &path, &files, &exported));
        let found = found.filter(|used| *used != module && !used.is_empty());
        imports.insert(module, found.collect());
    }
    imports.remove(&Module::new());
    drop_pairs_of_parent_and_child(&mut imports);
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .keys()
        .map(|module| (*module, reach(module, &imports)))
        .collect();
    let mut groups = BTreeSet::new();
    for (module, others) in &reached {
        let back = others
            .iter()
            .filter(|other| reached[**other].contains(*module));
        let group: BTreeSet<String> = back.map(|other| other.join("/")).collect();
        if !group.is_empty() {
            groups.insert(group.into_iter().collect());
        }
    }
    groups.into_iter().collect()
}

/// `crates/unravel-x/src/a/b.rs` as `a`, `b`.
fn module(path: &str) -> Module {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let mut names: Module = inside
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if names
        .last()
        .is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str()))
    {
        names.pop();
    }
    names
}

/// Where two modules of which one is below the other use each other, the use by the upper one does not count.
fn drop_pairs_of_parent_and_child(imports: &mut BTreeMap<&Module, BTreeSet<&Module>>) {
    let before = imports.clone();
    for (module, used) in imports {
        let uses_back =
            |child: &Module| before.get(child).is_some_and(|used| used.contains(module));
        used.retain(|child| !(child.starts_with(module) && uses_back(child)));
    }
}

fn reach<'a>(
    from: &Module,
    imports: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
) -> BTreeSet<&'a Module> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&Module> = imports[from].iter().copied().collect();
    while let Some(module) = next.pop() {
        if found.insert(module) {
            next.extend(imports.get(module).into_iter().flatten().copied());
        }
    }
    found
}

/// The module that a path leads into.
fn resolve<'a>(
    module: &Module,
    path: &[String],
    files: &'a BTreeMap<Module, String>,
    exported: &BTreeMap<String, Module>,
) -> Option<&'a Module> {
    let mut full = match path[0].as_str() {
        "crate" => Module::new(),
        _ => module.clone(),
    };
    let n_up = path.iter().take_while(|name| *name == "super").count();
    full.truncate(full.len().saturating_sub(n_up));
    let rest = &path[n_up.max(1)..];
    match rest.first().and_then(|first| exported.get(first)) {
        Some(home) if full.is_empty() => full.clone_from(home),
        _ => full.extend_from_slice(rest),
    }
    loop {
        if let Some((found, _)) = files.get_key_value(&full) {
            return Some(found);
        }
        full.pop()?;
    }
}

/// Names that the root re-exports, with the module that each comes from.
fn re_exports(root: &str) -> BTreeMap<String, Module> {
    let mut found = BTreeMap::new();
    for start in root
        .match_indices("pub use ")
        .map(|(at, found)| at + found.len())
    {
        for mut path in tree(&mut &root[start..]) {
            if let Some(name) = path.pop().filter(|_| !path.is_empty()) {
                found.insert(name, path);
            }
        }
    }
    found
}

/// Every path of a text that begins with `crate`, `super` or `self`, lists in braces spread out.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for first in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(first) {
            let is_inside =
                text[..at].ends_with(|c: char| c.is_alphanumeric() || "_:$".contains(c));
            if !is_inside {
                found.extend(tree(&mut &text[at..]));
            }
        }
    }
    found
}

/// The paths of a tree of uses at the start of the text, which is left behind it.
fn tree(text: &mut &str) -> Vec<Vec<String>> {
    *text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut found = Vec::new();
        loop {
            found.extend(tree(&mut rest));
            rest = rest.trim_start();
            if let Some(renamed) = rest.strip_prefix("as ") {
                tree(&mut { renamed });
                rest = renamed.trim_start_matches(|c: char| c != ',' && c != '}');
            }
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break,
            }
        }
        *text = rest.strip_prefix('}').unwrap_or(rest);
        return found;
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    *text = rest;
    if name.is_empty() {
        return Vec::new();
    }
    let Some(mut rest) = text.strip_prefix("::") else {
        return vec![vec![name.to_owned()]];
    };
    let mut below = tree(&mut rest);
    *text = rest;
    if below.is_empty() {
        below.push(Vec::new());
    }
    for path in &mut below {
        path.insert(0, name.to_owned());
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source {
            path: format!("crates/unravel-x/src/{path}.rs"),
            lines: text.lines().map(str::to_owned).collect(),
            n_lines: 0,
        }
    }

    #[test]
    fn files_that_import_each_other_are_found() {
        let circle = [
            file("lib", "mod a;\npub use c::{C, D as E};"),
            file("a", "use crate::{b::{self, B},\n d::D};"),
            file("b", "fn f() -> crate::C { crate::C }"),
            file("c", "use super::a::A;"),
            file("d", "use std::fmt;"),
        ];
        assert_eq!(circles(&circle), [["a", "b", "c"]]);
        assert_eq!(circles(&circle[..3]), [[""; 0]; 0]);
    }

    #[test]
    fn a_module_and_one_below_it_may_use_each_other_and_no_third() {
        let pair = [
            file("a", "use self::b::B;\nuse crate::c::C;"),
            file("a/b", "use super::A;"),
            file("c", ""),
        ];
        assert_eq!(circles(&pair), [[""; 0]; 0]);
        let [a, b, _] = pair;
        let third = [a, b, file("c", "use crate::a::b::B;")];
        assert_eq!(circles(&third), [["a", "a/b", "c"]]);
    }
}
