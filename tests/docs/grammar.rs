//! One way to send: calls, updates and batches are awaited. Only a transport has `send`, which takes a request.

use std::fs;
use std::path::{Path, PathBuf};

/// The one file with requests of another client, beside which this one is measured.
const BY_HAND: &str = "benches/loopback.rs";

pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            found.push(path);
        }
    }
}

/// Returns the number of times that a `send` without a request is awaited, in code or in documentation.
fn awaited_sends(text: &str) -> usize {
    let code = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!']).trim());
    code.collect::<String>().replace(' ', "").matches(concat!(".send()", ".await")).count()
}

#[test]
fn nothing_but_a_transport_is_sent() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["src", "tests", "examples", "benches", "fuzz/fuzz_targets"] {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 300, "most of the sources were not read");
    files.retain(|file| !file.ends_with(BY_HAND) && awaited_sends(&fs::read_to_string(file).unwrap()) > 0);
    assert!(files.is_empty(), "await the call itself: {files:?}");
}

#[test]
fn an_awaited_send_is_seen_over_lines_and_in_docs() {
    let call = "client.devices().get(&id)";
    for (between, sends) in [("", 1), ("\n    ", 1), ("\n/// ", 1), ("(&request)", 0)] {
        let text = format!("/// {call}{}{between}.await?", if sends == 1 { ".send()" } else { ".send" });
        assert_eq!(awaited_sends(&text), sends, "{text}");
    }
}
