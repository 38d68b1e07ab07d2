//! Checks of a deployment's settings, without the tenant.

use std::collections::BTreeSet;

use super::findings::*;
use super::hybrid_join::{DomainJoinTarget, HybridJoin, MdmUserScope};
use crate::model::findings::{SETTINGS_INVALID_VALUE, SETTINGS_SCOPE_TAG};
use crate::model::{BlockDeviceUse, BlockUntil, BlockingApps, Finding, Text};

impl HybridJoin {
    /// Checks for empty lists, whose literal meaning is never intended.
    fn lint_empty_lists(&self, findings: &mut Vec<Finding>) {
        if matches!(&self.mdm_scope, Some(MdmUserScope::Groups(groups)) if groups.is_empty()) {
            let evidence = "is empty, which would mean that nobody's devices enroll";
            let remedy = "name the groups of users, or write mdm_scope = \"all\", or leave mdm_scope out";
            findings.push(SETTINGS_EMPTY_LIST.at("mdm_scope.groups", evidence).with_remedy(remedy));
        }
        let page = self.enrollment_status_page.as_ref().map(|page| &page.block_device_use);
        if let Some(BlockDeviceUse::Until(BlockUntil { apps: BlockingApps::Selected(apps), .. })) = page
            && apps.is_empty()
        {
            let evidence = "is empty, which would mean that devices wait for all required apps";
            let remedy = "write apps = \"all\", or select the apps, by id or by name";
            let place = "enrollment_status_page.block_device_use.until.apps.selected";
            findings.push(SETTINGS_EMPTY_LIST.at(place, evidence).with_remedy(remedy));
        }
    }

    /// Checks for scope tags that are not ids.
    fn lint_scope_tags(&self, findings: &mut Vec<Finding>) {
        let none = BTreeSet::new();
        let parts = [
            ("role_scope_tag_ids", Some(&self.role_scope_tag_ids)),
            ("profile.role_scope_tag_ids", self.profile.as_ref().map(|part| &part.role_scope_tag_ids)),
            (
                "enrollment_status_page.role_scope_tag_ids",
                self.enrollment_status_page.as_ref().map(|part| &part.role_scope_tag_ids),
            ),
            (
                "skip_user_status_page.role_scope_tag_ids",
                self.skip_user_status_page.as_ref().map(|part| &part.role_scope_tag_ids),
            ),
            (
                "domain_join.role_scope_tag_ids",
                self.domain_join.as_ref().map(|part| &part.role_scope_tag_ids),
            ),
        ];
        for (place, tags) in parts {
            let is_id = |tag: &&Text| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_digit());
            let names: Vec<String> = tags
                .unwrap_or(&none)
                .iter()
                .filter(|tag| !is_id(tag))
                .map(|tag| format!("{:?}", tag.as_str()))
                .collect();
            if !names.is_empty() {
                let evidence = format!("has {}, and the id of a scope tag is a number", names.join(", "));
                findings.push(SETTINGS_SCOPE_TAG.at(place, evidence));
            }
        }
    }

    /// Checks only the settings, without sending a request.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(profile) = &self.profile {
            findings.extend(within("profile", profile.lint()));
        }
        if let Some(page) = &self.enrollment_status_page {
            findings.extend(within("enrollment_status_page", page.lint()));
        }
        if let Some(policy) = &self.skip_user_status_page {
            findings.extend(within("skip_user_status_page", policy.lint()));
        }
        self.lint_scope_tags(&mut findings);
        match self.group_settings() {
            Ok(Some(group)) => findings.extend(within("group", group.lint())),
            Ok(None) => {
                let needs = [
                    ("profile", self.profile.is_some()),
                    ("enrollment_status_page", self.enrollment_status_page.is_some()),
                    ("skip_user_status_page", self.skip_user_status_page.is_some()),
                    (
                        "domain_join",
                        self.domain_join
                            .as_ref()
                            .is_some_and(|join| join.assign_to == DomainJoinTarget::Group),
                    ),
                ];
                let evidence = "would be assigned to the group of devices, and there is none";
                let needed = needs.iter().filter(|(_, needed)| *needed);
                findings.extend(needed.map(|(part, _)| SETTINGS_NO_GROUP.at(*part, evidence)));
            }
            Err(error) => {
                let finding = SETTINGS_INVALID_VALUE.at("group.members", error.to_string());
                findings.push(finding.with_remedy(error.remedy().to_owned()));
            }
        }
        if let Some(profile) = self.domain_join_settings() {
            findings.extend(within("active_directory", profile.lint_unit()));
            findings.extend(within("domain_join", profile.lint_all_but_unit()));
        }
        let directory = &self.active_directory;
        if let Some(unit) = &directory.organizational_unit
            && self.domain_join.is_none()
            && !unit.domain().same_as(&directory.domain)
        {
            let evidence = format!("is in {}, and the domain is {}", unit.domain(), directory.domain);
            findings
                .push(SETTINGS_UNIT_OF_ANOTHER_DOMAIN.at("active_directory.organizational_unit", evidence));
        }
        self.lint_empty_lists(&mut findings);
        let has = |part: &str| match part {
            "profile" => self.profile.is_some(),
            "enrollment_status_page" => self.enrollment_status_page.is_some(),
            "skip_user_status_page" => self.skip_user_status_page.is_some(),
            _ => self.domain_join.is_some(),
        };
        for (part, _) in self
            .assignments
            .parts()
            .into_iter()
            .filter(|(part, settings)| !settings.is_default() && !has(part))
        {
            let evidence = format!("are set, and the deployment has no [{part}]");
            findings.push(SETTINGS_ASSIGNMENT_WITHOUT_OBJECT.at(format!("assignments.{part}"), evidence));
        }
        if self.page_priority.is_some() && self.enrollment_status_page.is_none() {
            let evidence = "is set, and there is no enrollment status page to have it";
            findings.push(SETTINGS_WITHOUT_PAGE.at("page_priority", evidence));
        }
        if let Some(tag) = self.group_tag() {
            findings.extend(within("group.members", tag.lint()));
        }
        findings
    }
}

/// Prefixes the places of findings with the name of a part of the settings.
fn within(part: &str, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(move |finding| Finding { place: format!("{part}.{}", finding.place), ..finding })
}
