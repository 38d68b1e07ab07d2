//! The documentation of every typed call against the catalog: permissions, version and page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use windows_autopilot::catalog::{ApiVersion, OPERATIONS, OperationInfo, Scopes};

/// A function of a resource's handle.
#[derive(Default)]
pub(crate) struct Function {
    pub(crate) public: bool,
    docs: Vec<String>,
    body: String,
}

impl Function {
    /// Returns the text below a heading of the documentation, or `None` if there is no such heading.
    fn section(&self, heading: &str) -> Option<String> {
        let start = self.docs.iter().position(|line| line.strip_prefix("# ") == Some(heading))?;
        let lines = self.docs[start + 1..].iter().take_while(|line| !line.starts_with("# "));
        Some(lines.map(String::as_str).collect::<Vec<_>>().join("\n"))
    }
}

/// Returns the functions of the `impl` blocks of a file, by name.
fn functions(source: &str) -> BTreeMap<String, Function> {
    let mut found = BTreeMap::new();
    let mut docs = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let signature = line.strip_prefix("    ").unwrap_or_default();
        if let Some(text) = signature.strip_prefix("///") {
            docs.push(text.trim().to_owned());
            continue;
        }
        let public = signature.starts_with("pub ");
        let words = signature.trim_start_matches("pub ").trim_start_matches("async ");
        if let Some(rest) = words.strip_prefix("fn ") {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            let body = lines.by_ref().take_while(|line| *line != "    }").collect::<Vec<_>>().join("\n");
            found.insert(name.to_owned(), Function { public, docs: std::mem::take(&mut docs), body });
        } else if !signature.starts_with("#[") {
            docs.clear();
        }
    }
    found
}

/// Returns the words that follow `prefix` in a text.
fn words_after<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(prefix)
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
}

/// Returns the name of an operation's constant: `AUTOPILOT_DEVICES_LIST` of `autopilotDevices.list`.
fn constant(name: &str) -> String {
    let mut constant = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            constant.push('_');
        }
        constant.push(if c == '.' { '_' } else { c.to_ascii_uppercase() });
    }
    constant
}

/// The functions of one file of `src/resource`, and the operations that each of them sends.
pub(crate) struct Resource {
    pub(crate) functions: BTreeMap<String, Function>,
    /// The client's method that gives the handle, such as `devices`.
    pub(crate) handle: String,
}

impl Resource {
    pub(crate) fn read(source: &str) -> Self {
        let declared =
            source.lines().find_map(|line| line.strip_prefix("    pub struct ")?.split(", ").nth(1));
        let handle = declared.unwrap_or_default().to_owned();
        Self { functions: functions(source), handle }
    }

    /// Returns the operations that a function sends, itself and through other functions for which `follow` holds.
    pub(crate) fn operations(
        &self,
        name: &str,
        follow: &dyn Fn(&Function) -> bool,
    ) -> Vec<&'static OperationInfo> {
        let function = &self.functions[name];
        let named = words_after(&function.body, "catalog::").map(|wanted| {
            let found = OPERATIONS.iter().copied().find(|info| constant(info.name) == wanted);
            found.unwrap_or_else(|| panic!("{name} names {wanted}, which is no operation with a typed call"))
        });
        let mut operations: Vec<_> = named.collect();
        for prefix in ["self.".to_owned(), "assignments.".to_owned(), format!("{}().", self.handle)] {
            for called in words_after(&function.body, &prefix) {
                if called != name && self.functions.get(called).is_some_and(follow) {
                    operations.extend(self.operations(called, follow));
                }
            }
        }
        operations
    }
}

/// Returns the texts in backquotes.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Says what is wrong with the permissions that a call's documentation names.
fn check_permissions(text: &str, operations: &[&OperationInfo], wrong: &mut Vec<String>) {
    let named = quoted(text);
    let mut known = BTreeSet::new();
    let delegated: Vec<Scopes> = operations.iter().map(|info| info.permissions.delegated).collect();
    let application: Vec<Scopes> = operations.iter().map(|info| info.permissions.application).collect();
    for (kind, all) in [("a user", delegated), ("an app", application)] {
        for Scopes { least, accepted, .. } in &all {
            known.extend(accepted.iter().copied());
            // The least permission for a write that is accepted for a read as well need not stand beside another.
            let enough = |other: &Scopes| {
                other.least.iter().all(|permission| named.contains(permission))
                    && other.least.iter().any(|permission| accepted.contains(permission))
            };
            if !accepted.is_empty() && !all.iter().any(enough) {
                wrong.push(format!("does not name {least:?}, the least for {kind}"));
            }
        }
    }
    wrong.extend(
        named.difference(&known).map(|permission| format!("names `{permission}`, which does not suffice")),
    );
    let delegated_only = operations.iter().any(|info| info.permissions.application.accepted.is_empty());
    if delegated_only != text.contains("delegated only") {
        wrong.push(format!("an app may call: {}, documented otherwise", !delegated_only));
    }
}

/// Says what is wrong with the version and the pages that a call's documentation names. `own` are the operations that the
/// call sends by itself, `all` also those of the calls that it makes.
fn check_api(text: &str, own: &[&OperationInfo], all: &[&OperationInfo], wrong: &mut Vec<String>) {
    let versions =
        |info: &OperationInfo| info.versions.iter().map(|version| version.as_str()).collect::<Vec<_>>();
    // What a change reads back needs no page beside the page of the change.
    let changes: Vec<_> = own.iter().copied().filter(|info| info.method != "GET").collect();
    for info in if changes.is_empty() { own } else { &changes } {
        if !text.starts_with(&format!("`{}`", info.versions[0])) {
            wrong.push(format!("does not begin with `{}`, the version in use", info.versions[0]));
        }
        if !text.contains(&format!("]({})", info.page)) && !info.page.is_empty() {
            wrong.push(format!("does not link {}", info.page));
        }
    }
    for version in [ApiVersion::V1, ApiVersion::Beta] {
        if quoted(text).contains(version.as_str()) && !all.iter().any(|info| info.versions.contains(&version))
        {
            wrong
                .push(format!("names `{version}`, and has only {:?}", all.iter().map(|info| versions(info))));
        }
    }
    for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        if link.starts_with("https:") && !all.iter().any(|info| info.page == link) {
            wrong.push(format!("links {link}, which is another operation's page"));
        }
    }
}

/// Checks a file and returns the operations that its calls send.
fn check(file: &str, source: &str, problems: &mut Vec<String>) -> BTreeSet<&'static str> {
    let resource = Resource::read(source);
    let mut sent = BTreeSet::new();
    for (name, function) in resource.functions.iter().filter(|(_, function)| function.public) {
        let own = resource.operations(name, &|called| !called.public);
        let all = resource.operations(name, &|_| true);
        sent.extend(own.iter().map(|info| info.name));
        let mut wrong = Vec::new();
        match function.section("Permissions") {
            Some(text) => check_permissions(&text, &all, &mut wrong),
            None if all.is_empty() => {}
            None => wrong.push("has no section on permissions".to_owned()),
        }
        match function.section("API") {
            Some(text) => check_api(&text, &own, &all, &mut wrong),
            None if own.is_empty() => {}
            None => wrong.push("has no section on the API".to_owned()),
        }
        problems.extend(wrong.into_iter().map(|problem| format!("{file}: `{name}` {problem}")));
    }
    sent
}

#[test]
fn every_call_documents_the_permissions_version_and_page_of_the_catalog() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource");
    let (mut sent, mut problems) = (BTreeSet::from(["batch"]), Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy();
        // The calls that make an update say what it needs.
        if file != "update.rs" {
            sent.extend(check(&file, &fs::read_to_string(&path).unwrap(), &mut problems));
        }
    }
    problems.sort();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(sent, OPERATIONS.iter().map(|info| info.name).collect());
}

#[test]
fn a_call_that_documents_something_else_is_found() {
    let source = |docs: &str| {
        format!(
            "resource! {{\n    pub struct MdmPolicies, mdm_policies, \"automatic enrollment\"\n}}\n\nimpl MdmPolicies<'_> {{\n{docs}\
             \n    pub fn list(&self) -> List<MdmPolicy> {{\n        List::new(&catalog::MOBILITY_POLICIES_LIST)\n    }}\n}}\n"
        )
    };
    let page = "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-list?view=graph-rest-beta";
    let good = format!(
        "    /// All policies.\n    ///\n    /// # Permissions\n    /// `Policy.Read.All`, delegated only.\
         \n    /// # API\n    /// `beta`. [List]({page})"
    );
    for (changed, into, problem) in [
        ("", "", ""),
        ("# Permissions", "# Errors", "has no section on permissions"),
        ("# API", "# Errors", "has no section on the API"),
        ("`Policy.Read.All`", "", "does not name"),
        ("`Policy.Read.All`", "`Policy.Read.All` or `Group.Read.All`", "names `Group.Read.All`"),
        (", delegated only", "", "an app may call: false"),
        ("`beta`", "`v1.0`", "does not begin with `beta`"),
        ("policies-list", "policies-get", "does not link"),
    ] {
        let mut problems = Vec::new();
        let sent = check("mdm.rs", &source(&good.replace(changed, into)), &mut problems);
        assert_eq!(sent, BTreeSet::from(["mobilityPolicies.list"]));
        let found = if problem.is_empty() { problems.is_empty() } else { problems[0].contains(problem) };
        assert!(found, "{changed:?} into {into:?}: {problems:?}");
    }
}
