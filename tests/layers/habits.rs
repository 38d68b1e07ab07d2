//! Habits of tests: a test says which error it expects.

use std::path::Path;

use crate::rust_files;

/// Returns the number of lines that assert no more than an error.
fn unnamed_errors(code: &str) -> usize {
    let is_one = |line: &&str| {
        !line.starts_with("//")
            && line.contains("assert!(")
            && (line.contains(".is_err()") || line.contains("Result::is_err"))
    };
    code.lines().map(str::trim).filter(is_one).count()
}

#[test]
fn a_test_names_the_kind_the_place_or_the_message_of_an_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        rust_files(&root.join(folder), &mut files);
    }
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with(Path::new("layers/habits.rs"))) {
        let count = unnamed_errors(&std::fs::read_to_string(file).unwrap());
        if count > 0 {
            found.push((file.strip_prefix(root).unwrap(), count));
        }
    }
    assert_eq!(found, [], "assert the error's kind, place or message");
}

#[test]
fn the_check_sees_what_says_only_that_there_is_an_error() {
    assert_eq!(
        unnamed_errors("assert!(read(b).is_err(), \"{b}\");\n  assert!(all.iter().all(Result::is_err));"),
        2
    );
    assert_eq!(
        unnamed_errors("/// assert!(read(b).is_err());\nassert_eq!(a.is_err(), b);\nread(b).unwrap_err();"),
        0
    );
}
