//! Tables of the guides and of the documentation in code: each row has the cells of its header.

use std::fs;
use std::path::Path;

use crate::grammar::sources;

/// Returns the number of cells of a row; `None` if it has no end.
fn cells(row: &str) -> Option<usize> {
    let inner = row.strip_prefix('|')?.strip_suffix('|')?;
    let (mut cells, mut is_code, mut before) = (1, false, ' ');
    for character in inner.chars() {
        match character {
            '`' => is_code = !is_code,
            '|' if !is_code && before != '\\' => cells += 1,
            _ => {}
        }
        before = character;
    }
    Some(cells)
}

/// Returns the numbers of the lines of tables that do not have the cells of their header.
fn broken_rows(text: &str, is_code: bool) -> Vec<usize> {
    let lines = text.lines().map(|line| match is_code {
        true => {
            line.trim_start().strip_prefix("//").map_or("", |line| line.trim_start_matches(['/', '!'])).trim()
        }
        false => line.trim_end(),
    });
    let (mut header, mut broken) = (None, Vec::new());
    for (number, line) in lines.enumerate() {
        match (line.starts_with('|'), header) {
            (false, _) => {
                // The rest of a row that was wrapped.
                if header.is_some() && !line.is_empty() {
                    broken.push(number + 1);
                }
                header = None;
            }
            (true, None) => header = Some(cells(line)),
            (true, Some(wanted)) if cells(line).is_none() || cells(line) != wanted => broken.push(number + 1),
            (true, Some(_)) => {}
        }
    }
    broken
}

#[test]
fn each_row_of_a_table_has_the_cells_of_its_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md"), root.join("CHANGELOG.md")];
    sources(&root.join("src"), &mut files);
    let mut broken = Vec::new();
    for file in &files {
        let is_code = file.extension().is_some_and(|extension| extension == "rs");
        let rows = broken_rows(&fs::read_to_string(file).unwrap(), is_code);
        broken.extend(
            rows.into_iter().map(|row| format!("{}:{row}", file.strip_prefix(root).unwrap().display())),
        );
    }
    assert_eq!(
        broken,
        Vec::<String>::new(),
        "a row of a table stays on one line, with the cells of the header"
    );
}

#[test]
fn a_wrapped_row_and_one_with_other_cells_are_found() {
    let table = "| a | b |\n| --- | --- |\n| 1 | `x | y` |\n| 1 |\n| 1 | \\| |\n| 1 | not\nretried |\n\ntext | text\n";
    assert_eq!(broken_rows(table, false), [4, 6, 7]);
    let documented: String = table.lines().map(|line| format!("    /// {line}\n")).collect();
    assert_eq!(broken_rows(&documented, true), [4, 6, 7]);
}
