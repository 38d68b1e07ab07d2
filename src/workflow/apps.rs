//! The apps that an enrollment status page waits for: resolved and checked.

use std::collections::BTreeSet;

use super::findings::*;
use crate::model::{
    AppSelector, BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentStatusPage, Finding, MobileApp,
};

/// Returns the selected apps of a page.
fn selected(page: &EnrollmentStatusPage) -> impl Iterator<Item = &AppSelector> {
    let apps = match &page.block_device_use {
        BlockDeviceUse::Until(BlockUntil { apps: BlockingApps::Selected(apps), .. }) => Some(apps),
        _ => None,
    };
    apps.into_iter().flatten()
}

/// Returns the one app that matches the selector, or the number of matches.
fn find<'a>(selector: &AppSelector, apps: &'a [MobileApp]) -> Result<&'a MobileApp, usize> {
    let found: Vec<&MobileApp> = apps.iter().filter(|app| selector.selects(app)).collect();
    match found.as_slice() {
        [app] => Ok(app),
        several => Err(several.len()),
    }
}

/// Returns the page with ids in place of app names. A name that does not match exactly one app is kept; it has a
/// finding, and the call is refused.
pub(super) fn with_ids(mut page: EnrollmentStatusPage, apps: &[MobileApp]) -> EnrollmentStatusPage {
    if let BlockDeviceUse::Until(BlockUntil { apps: BlockingApps::Selected(selected), .. }) =
        &mut page.block_device_use
    {
        let found: BTreeSet<AppSelector> = selected
            .iter()
            .map(|selector| {
                find(selector, apps).map_or_else(|_| selector.clone(), |app| app.id.clone().into())
            })
            .collect();
        *selected = found;
    }
    page
}

/// Checks the selected apps: each must be one app of the tenant, for Windows, and required.
pub(super) fn check(page: &EnrollmentStatusPage, apps: &[MobileApp], findings: &mut Vec<Finding>) {
    let mut kinds: Vec<&str> = Vec::new();
    for selector in selected(page) {
        let place = selector.to_string();
        let app = match find(selector, apps) {
            Ok(app) => app,
            Err(count) => {
                let what = if matches!(selector, AppSelector::Id(_)) { "id" } else { "name" };
                let evidence = match count {
                    0 => format!("no app has this {what}"),
                    _ => format!("{count} apps have this {what}"),
                };
                findings.push(PAGE_APP_NOT_ONE.at(place, evidence));
                continue;
            }
        };
        let kind = app.kind().unwrap_or_default();
        kinds.push(kind);
        if app.is_foreign() == Some(true) {
            let evidence = format!("is of the kind {kind}, which no Windows device installs");
            findings.push(PAGE_APP_FOREIGN.at(place, evidence));
            continue;
        }
        match app.is_required() {
            Some(true) => {}
            Some(false) => {
                let evidence = "is selected, but no assignment requires the app";
                findings.push(PAGE_APP_NOT_REQUIRED.at(place, evidence));
            }
            None => {
                let evidence = "is selected, but the service does not report whether the app is required";
                findings.push(PAGE_APP_NOT_KNOWN.at(place, evidence));
            }
        }
    }
    let name = page.display_name.as_str();
    if kinds.contains(&"officeSuiteApp") {
        let evidence = "waits for Microsoft 365 Apps as an Office suite, which installs beside Win32 apps and \
            blocks them";
        findings.push(PAGE_OFFICE_APP.at(name, evidence));
    }
    if kinds.contains(&"win32LobApp") && kinds.contains(&"windowsMobileMSI") {
        let evidence =
            "waits for Win32 apps and for line-of-business (MSI) apps, which block each other's installer";
        findings.push(PAGE_MIXED_INSTALLERS.at(name, evidence));
    }
}
