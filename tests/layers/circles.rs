//! Inside a module of the crate, no files form a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Modules with circles that are left, each with its reason. The list may only shrink.
const LEFT: &[(&str, &str)] = &[
    (
        "graph",
        "a client makes calls, lists and batches, and each of them sends itself through the client that it carries",
    ),
    ("model", "objects name each other by typed ids: a device its managed device, and the other way round"),
];

/// A path of names from the crate's root, such as `["sim", "store", "Table"]`.
type Names = Vec<String>;

/// The files below a folder, by the module that each of them is.
struct Sources {
    files: BTreeMap<Names, Source>,
}

/// One file: the paths that its code names, and those that it hands on under names of its own.
#[derive(Default)]
struct Source {
    uses: BTreeSet<Names>,
    reexports: BTreeMap<String, Names>,
}

impl Sources {
    fn read(root: &Path) -> Self {
        let mut found = Vec::new();
        super::rust_files(root, &mut found);
        let of_tests = |file: &PathBuf| {
            let inside = file.strip_prefix(root).unwrap();
            inside.iter().any(|part| part == "tests" || part == "tests.rs")
        };
        found.retain(|file| !of_tests(file));
        let files = found.iter().map(|file| {
            let module = module_of(file.strip_prefix(root).unwrap());
            let tokens: TokenStream = fs::read_to_string(file).unwrap().parse().unwrap();
            (module.clone(), Source::of(&module, tokens))
        });
        Self { files: files.collect() }
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(file, code)| {
            let module = module_of(Path::new(file));
            (module.clone(), Source::of(&module, code.parse().unwrap()))
        });
        Self { files: files.collect() }
    }

    /// The file that defines what a path names: re-exports are followed.
    fn home(&self, path: &[String], depth: usize) -> Option<&Names> {
        let length = (1..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let (module, source) = self.files.get_key_value(&path[..length])?;
        match path.get(length).and_then(|name| source.reexports.get(name)) {
            Some(target) if depth < 8 => self.home(target, depth + 1),
            _ => Some(module),
        }
    }

    /// The arrows between the files of one module of the crate.
    fn arrows(&self, of: &str) -> BTreeMap<&Names, BTreeSet<&Names>> {
        let inside = self.files.iter().filter(|(module, _)| module[0] == of);
        let arrows = inside.map(|(module, source)| {
            let homes = source.uses.iter().filter_map(|path| self.home(path, 0));
            (module, homes.filter(|home| home[0] == of && *home != module).collect())
        });
        arrows.collect()
    }

    /// The arrows of the circles of one module: empty if it has none.
    fn circles(&self, of: &str) -> Vec<String> {
        let mut arrows = self.arrows(of);
        // A file that uses none of those left, or that none of them uses, is in no circle.
        loop {
            let left: BTreeSet<&Names> = arrows.keys().copied().collect();
            arrows.values_mut().for_each(|used| used.retain(|to| left.contains(to)));
            let used: BTreeSet<&Names> = arrows.values().flatten().copied().collect();
            arrows.retain(|module, uses| !uses.is_empty() && used.contains(module));
            if arrows.len() == left.len() {
                break;
            }
        }
        let shown = arrows.iter().flat_map(|(from, to)| {
            to.iter().map(move |to| format!("{} -> {}", from.join("::"), to.join("::")))
        });
        shown.collect()
    }
}

/// The module that a file is: `sim/store.rs` is `sim::store`, `sim/mod.rs` is `sim`.
fn module_of(file: &Path) -> Names {
    let mut names: Names =
        file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if names.len() > 1 && names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

impl Source {
    fn of(module: &[String], tokens: TokenStream) -> Self {
        let mut source = Self::default();
        source.read(module, &tokens.into_iter().collect::<Vec<_>>());
        source
    }

    fn read(&mut self, module: &[String], tokens: &[TokenTree]) {
        let mut at = 0;
        let mut is_public = false;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' && is_cfg_test(tokens.get(at + 1)) => {
                    at += 2;
                    while tokens.get(at).is_some_and(|token| !ends_item(token)) {
                        at += 1;
                    }
                }
                TokenTree::Ident(word) if word == "pub" => {
                    is_public = true;
                    // Its scope, as in `pub(crate)`, is no path of the code.
                    if matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
                    {
                        at += 1;
                    }
                    at += 1;
                    continue;
                }
                TokenTree::Ident(word) if word == "use" => {
                    let length = tokens[at..].iter().take_while(|token| !ends_item_by_mark(token)).count();
                    let mut leaves = Vec::new();
                    leaves_of(&tokens[at + 1..at + length], &mut Vec::new(), &mut leaves);
                    for (path, name) in leaves {
                        let Some(path) = from_root(module, &path) else { continue };
                        if is_public {
                            self.reexports.insert(name, path);
                        } else {
                            self.uses.insert(path);
                        }
                    }
                    at += length;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    {
                        let inner: Names = module.iter().cloned().chain([name.to_string()]).collect();
                        self.read(&inner, &body.stream().into_iter().collect::<Vec<_>>());
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if ["crate", "super", "self"].iter().any(|root| word == root) => {
                    let (path, length) = path_at(&tokens[at..]);
                    if path.len() > 1
                        && let Some(path) = from_root(module, &path)
                    {
                        self.uses.insert(path);
                    }
                    at += length - 1;
                }
                TokenTree::Group(group) => {
                    self.read(module, &group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => {}
            }
            is_public = false;
            at += 1;
        }
    }
}

fn is_cfg_test(token: Option<&TokenTree>) -> bool {
    token.is_some_and(|token| token.to_string().replace(' ', "") == "[cfg(test)]")
}

fn ends_item_by_mark(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';')
}

fn ends_item(token: &TokenTree) -> bool {
    let is_body = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    is_body || ends_item_by_mark(token)
}

/// The path that tokens begin with, and how many of them it takes.
fn path_at(tokens: &[TokenTree]) -> (Names, usize) {
    let mut path = Vec::new();
    let mut at = 0;
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        let is_colon =
            |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
        if !is_colon(at) || !is_colon(at + 1) {
            break;
        }
        at += 2;
    }
    (path, at.max(1))
}

/// The paths that a `use` imports, each with the name that it gets.
fn leaves_of(tokens: &[TokenTree], path: &mut Names, leaves: &mut Vec<(Names, String)>) {
    let length = path.len();
    for part in tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')) {
        let (names, taken) = path_at(part);
        path.extend(names);
        match part.get(taken) {
            Some(TokenTree::Group(group)) => {
                leaves_of(&group.stream().into_iter().collect::<Vec<_>>(), path, leaves);
            }
            Some(TokenTree::Ident(word)) if word == "as" => {
                leaves.push((path.clone(), part.get(taken + 1).map(ToString::to_string).unwrap_or_default()));
            }
            _ if path.len() > length => {
                if path.last().is_some_and(|name| name == "self") {
                    path.pop();
                }
                leaves.push((path.clone(), path.last().cloned().unwrap_or_default()));
            }
            _ => {}
        }
        path.truncate(length);
    }
}

/// A path as it stands in the code of `module`, from the crate's root; `None` if it leads out of the crate.
fn from_root(module: &[String], path: &[String]) -> Option<Names> {
    let mut whole = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    for name in path {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => {
                whole.pop();
            }
            name => whole.push(name.to_owned()),
        }
    }
    Some(whole)
}

#[test]
fn no_files_of_a_module_form_a_circle() {
    let sources = Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let modules: BTreeSet<&str> = sources.files.keys().map(|module| module[0].as_str()).collect();
    assert!(modules.len() > 10 && sources.files.len() > 100, "most of the sources were not read");
    let mut wrong = Vec::new();
    for module in modules {
        let circles = sources.circles(module);
        match LEFT.iter().find(|(left, _)| *left == module) {
            Some(_) if circles.is_empty() => wrong.push(format!("{module} has no circle any more")),
            Some(_) => {}
            None => wrong.extend(circles),
        }
    }
    assert!(wrong.is_empty(), "files that need each other:\n{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_seen_through_groups_reexports_and_inline_paths() {
    let sources = Sources::of(&[
        ("a/mod.rs", "mod one; mod two; mod three; pub(crate) use self::three::Three as Third;"),
        ("a/one.rs", "use super::{two::{Two, other}, Unknown}; fn f() {}"),
        ("a/two.rs", "fn f() { vec![super::Third::new()] }"),
        ("a/three.rs", "use crate::a::one::One; use std::fmt;"),
    ]);
    let expected = ["a::one -> a::two", "a::three -> a::one", "a::two -> a::three"];
    assert_eq!(sources.circles("a"), expected);
}

#[test]
fn tests_and_what_is_only_handed_on_are_no_arrows() {
    let sources = Sources::of(&[
        ("a/mod.rs", "mod one; mod two; pub use one::One; pub use self::two::Two; struct Base;"),
        ("a/one.rs", "use super::Base; #[cfg(test)] mod tests { use super::super::two::Two; }"),
        ("a/two.rs", "use super::one::One; #[cfg(test)] use super::three::Three; pub(super) fn f() {}"),
    ]);
    assert_eq!(sources.circles("a"), [""; 0]);
}
