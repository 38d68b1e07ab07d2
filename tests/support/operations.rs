//! Which operation a request is of.

use windows_autopilot::catalog::{OPERATIONS, OperationInfo};

/// Words that stand where another operation has a parameter.
const WORDS: [&str; 5] = ["$count", "$ref", "delta", "hasPayloadLinks", "import"];

/// The operations that a request can be of: one, unless the catalog is wrong.
pub(crate) fn operations_of(method: &str, path: &str) -> Vec<&'static OperationInfo> {
    OPERATIONS.iter().copied().filter(|info| is_of(info, method, path)).collect()
}

fn is_of(info: &OperationInfo, method: &str, path: &str) -> bool {
    let Some((version, path)) = path.strip_prefix('/').and_then(|path| path.split_once('/')) else {
        return false;
    };
    let fits = |(found, wanted): (&str, &str)| match wanted.split_once('{') {
        Some((before, rest)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            let parameter = found.strip_prefix(before).and_then(|found| found.strip_suffix(after));
            parameter.is_some_and(|parameter| !parameter.is_empty() && !WORDS.contains(&parameter))
        }
        None => found == wanted,
    };
    let template = info.path.trim_start_matches('/');
    method == info.method
        && info.versions.iter().any(|known| known.as_str() == version)
        && path.split('/').count() == template.split('/').count()
        && path.split('/').zip(template.split('/')).all(fits)
}
