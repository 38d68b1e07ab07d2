//! The page of the manual that lists the operations that the simulated tenant supports.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::{env, fs};

use windows_autopilot::catalog::{ApiVersion, OPERATIONS};
use windows_autopilot::sim;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/coverage.md");

const INTRODUCTION: &str = "\
# Coverage

The Microsoft Graph operations that the simulated tenant supports, as listed by
[`sim::operations`](crate::sim::operations). The last column names the typed call in this crate, if there is one. Any other path
that Graph documents returns 501 with an explanation; a path that Graph does not document returns 400, as it does in the
service. [`TenantBuilder::with_route`](crate::sim::TenantBuilder::with_route) adds more.

The tenant rejects JSON with unquoted or single-quoted names, although Microsoft's OData reader accepts it.

[`Quirks`](crate::sim::Quirks) lists what the tenant accepts because widely used tools send it;
[`Quirks::documented`](crate::sim::Quirks::documented) makes it as strict as the documentation.
";

fn page() -> String {
    let mut areas: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for info in sim::operations() {
        let words =
            info.path.split('/').skip(1).take(2).filter(|word| !word.starts_with('{')).collect::<Vec<_>>();
        let intune =
            matches!(words.first(), Some(&("deviceManagement" | "deviceAppManagement" | "policies")));
        let area = words.get(usize::from(intune)).or(words.first()).unwrap();
        areas.entry(area).or_default().push(info);
    }
    let mut page = INTRODUCTION.to_owned();
    for (area, mut operations) in areas {
        operations.sort_by_key(|info| (info.path, info.method));
        write!(page, "\n# {area}\n\n| method | path | versions | typed |\n| --- | --- | --- | --- |\n")
            .unwrap();
        for info in operations {
            let versions: Vec<&str> = [ApiVersion::V1, ApiVersion::Beta]
                .into_iter()
                .filter(|version| info.versions.contains(version))
                .map(ApiVersion::as_str)
                .collect();
            let typed = OPERATIONS.iter().any(|other| other.name == info.name);
            let typed = if typed { format!("`{}`", info.name) } else { String::new() };
            writeln!(page, "| {} | `{}` | {} | {typed} |", info.method, info.path, versions.join(", "))
                .unwrap();
        }
    }
    page
}

#[test]
fn the_page_lists_every_operation_of_the_tenant() {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, page()).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page(), "run this test with UPDATE_DOCS=1 to rewrite {PAGE}");
}
