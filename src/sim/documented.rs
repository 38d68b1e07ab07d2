//! The paths that Graph documents, as far as they tell what is simulated from what is not: the first words of all, and the
//! next words below those that the tenant simulates in part.

use crate::catalog::ApiVersion;

/// A path on each line, behind the versions that have it. `{}` stands for a key. The list is made from the request builders
/// of Microsoft's own SDKs (MIT).
const PATHS: &str = include_str!("documented.txt");

/// Returns `true` if Graph documents a path in a version. Below the words that the list has, any path counts as documented.
pub(super) fn is_documented(version: ApiVersion, segments: &[String]) -> bool {
    let mut fitting: Vec<Vec<&str>> = PATHS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(of, _)| *of == "both" || *of == version.as_str())
        .map(|(_, path)| path.split('/').collect())
        .collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_end = index > 0 && fitting.iter().all(|path| path.len() <= index);
        if is_end {
            return true;
        }
        let fits = |path: &Vec<&str>| {
            path.get(index).is_some_and(|word| *word == "{}" || word.eq_ignore_ascii_case(segment))
        };
        fitting.retain(fits);
        if fitting.is_empty() {
            return false;
        }
    }
    !segments.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_documented_as_far_as_the_list_goes() {
        for (path, v1, beta) in [
            ("security/alerts", true, true),
            ("users/a/calendar/events", true, true),
            ("Users/a/CALENDAR", true, true),
            ("users/a/nonsense", false, false),
            ("deviceManagement/intents", false, true),
            ("deviceManagement/intents/x/settings", false, true),
            ("deviceManagement/deviceConfigurations/x/deviceStatuses", true, true),
            ("deviceManagement/deviceConfigurations/x/nonsense", false, false),
            ("deviceManagement/nonsense", false, false),
            ("nonsense", false, false),
            ("", false, false),
        ] {
            let segments: Vec<String> =
                path.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            let found =
                (is_documented(ApiVersion::V1, &segments), is_documented(ApiVersion::Beta, &segments));
            assert_eq!(found, (v1, beta), "{path}");
        }
    }
}
