//! Options of a tenant: names, delays, limits and disputed facts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rows::ComputerAccounts;
use super::taught::TaughtRoute;
use crate::model::InvalidValue;

const MINUTE: Duration = Duration::from_secs(60);

/// The delays of the service's background work.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::sim::Lag;
///
/// let mut lag = Lag::default();
/// lag.dynamic_group = Duration::from_secs(24 * 3600); // a busy tenant
/// let immediate = Lag::none();
/// ```
///
/// The defaults are typical times, which the service does not guarantee. [`Lag::none`] makes everything immediate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lag {
    /// The delay from the arrival of an import (`unknown`) to its start (`pending`). Default: 30 seconds.
    pub import_start: Duration,
    /// The time from the start of an import to `complete` or `error`. Default: 4 minutes.
    pub import: Duration,
    /// The delay between the completion of an import and the time at which its device identity can be read. A sync that
    /// ends earlier makes the identity readable immediately. Default: 10 minutes.
    pub identity: Duration,
    /// The delay between the deletion of a device identity and its disappearance. A sync that ends earlier completes
    /// the deletion too. Default: 5 minutes.
    pub identity_deletion: Duration,
    /// The duration of a sync. Default: 1 minute.
    pub sync: Duration,
    /// The delay between a change and the evaluation of a dynamic group. Default: 3 minutes.
    pub dynamic_group: Duration,
    /// The delay between the targeting of a device and the assignment of its profile. Default: 5 minutes.
    pub profile: Duration,
    /// The delay before reads return a write to a group, device or user. Default: none, so new objects can be read
    /// immediately.
    pub directory: Duration,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            import_start: Duration::from_secs(30),
            import: 4 * MINUTE,
            identity: 10 * MINUTE,
            identity_deletion: 5 * MINUTE,
            sync: MINUTE,
            dynamic_group: 3 * MINUTE,
            profile: 5 * MINUTE,
            directory: Duration::ZERO,
        }
    }
}

impl Lag {
    /// Creates a `Lag` in which every delay is zero.
    pub fn none() -> Self {
        Self {
            import_start: Duration::ZERO,
            import: Duration::ZERO,
            identity: Duration::ZERO,
            identity_deletion: Duration::ZERO,
            sync: Duration::ZERO,
            dynamic_group: Duration::ZERO,
            profile: Duration::ZERO,
            directory: Duration::ZERO,
        }
    }
}

/// The durations of a deployment's steps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeploymentTiming {
    /// The time from power-on until the profile is downloaded. Default: 2 minutes.
    pub profile_download: Duration,
    /// Sign-in and enrollment in Intune. Default: 3 minutes.
    pub enrollment: Duration,
    /// An offline domain join without problems: the request, the blob, the restart. Default: 5 minutes.
    pub domain_join: Duration,
    /// The timeout for the offline domain join's blob; with [`ComputerAccounts`], counted from the connector's request.
    /// Not documented; default: 30 minutes.
    pub domain_join_timeout: Duration,
    /// The device setup phase of the enrollment status page. Default: 15 minutes.
    pub device_setup: Duration,
    /// The time that quality updates add to device setup. Default: 30 minutes.
    pub quality_updates: Duration,
    /// The time until a user signs in with Active Directory credentials. Default: 2 minutes.
    pub sign_in: Duration,
    /// The Entra Connect sync cycle; `None` if computers are not synchronized. Default: 30 minutes.
    pub entra_connect: Option<Duration>,
    /// The account setup phase of the enrollment status page. Default: 5 minutes.
    pub account_setup: Duration,
}

impl Default for DeploymentTiming {
    fn default() -> Self {
        Self {
            profile_download: 2 * MINUTE,
            enrollment: 3 * MINUTE,
            domain_join: 5 * MINUTE,
            domain_join_timeout: 30 * MINUTE,
            device_setup: 15 * MINUTE,
            quality_updates: 30 * MINUTE,
            sign_in: 2 * MINUTE,
            entra_connect: Some(30 * MINUTE),
            account_setup: 5 * MINUTE,
        }
    }
}

/// Service behavior that is outdated, disputed or unverified. Each quirk defaults to the likelier behavior.
///
/// ```
/// use windows_autopilot::sim::Quirks;
/// let mut quirks = Quirks::documented();
/// quirks.set("isofFilter", true.into())?;
/// assert!(quirks.isof_filter);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Quirks {
    /// A profile locale of `os-default` is read back as null. Default: no.
    pub os_default_reads_as_null: bool,
    /// A single GET of a device identity reports `unknown` while the list reports the assignment. Default: no.
    pub single_get_reports_unknown: bool,
    /// `$select` on device identities returns 500, as it did in 2020. Default: no.
    pub identity_select_fails: bool,
    /// A filter on `serialNumber` whose value contains a space or a hyphen returns 400. Default: yes.
    pub identity_filter_refuses_space_and_hyphen: bool,
    /// Characters that a profile's name and description must not contain. Default: ``!#%^*()-+;'><``.
    pub refused_profile_characters: String,
    /// A PATCH of `hybridAzureADJoinSkipConnectivityCheck` takes effect; otherwise it is ignored. Default: yes.
    pub patch_honors_connectivity_check: bool,
    /// `assign` of an enrollment configuration returns 200 with `{}` instead of 204. Default: no.
    pub assign_answers_empty_object: bool,
    /// `isof(..)` works as a filter on device configurations, as `IntuneManagement` expects. Default: yes; otherwise it
    /// returns 400.
    pub isof_filter: bool,
    /// `DELETE /groups/{id}/members/{id}` without `$ref` deletes the member itself; otherwise it returns 403.
    /// Default: no.
    pub member_delete_without_ref: bool,
    /// The directory object of a registered device can be deleted, which orphans the registration. Default: no; the
    /// request returns 403.
    pub anchor_deletion: bool,
    /// The directory object is kept when the registration is deleted. Default: no; the service removes it.
    pub anchor_outlives_registration: bool,
    /// The record of a connector can be deleted, as documented. Default: no; the request returns 403. A connector is
    /// removed by uninstalling it, and its record disappears after 30 days.
    pub connector_deletion: bool,
    /// The policy status details of Autopilot events can be read: they are documented and appear in the list of
    /// permissions, but are missing from the current metadata. Default: yes; otherwise the path does not exist.
    pub policy_status_details: bool,
    /// A blob that is not a hardware hash (does not start with `OA`) ends in error 802. Default: no; only a readable
    /// hash without a serial number or manufacturer ends in that error.
    pub strict_hashes: bool,
    /// The error number of a device that another tenant owns: 806 or 808. Default: 806.
    pub other_tenant_code: i32,
    /// The error number of `ZtdDeviceDuplicated`. The real number is not known. Default: 0.
    pub duplicated_code: i32,
    /// The error number of `StorageError`. The real number is not known. Default: 0.
    pub storage_code: i32,
    /// A request whose `Accept` header does not match the response, such as JSON for the plain text of `/$count`, is
    /// rejected with 406. Default: yes.
    pub accept_must_fit: bool,
    /// The status with which an app-only call to the mobility policies is rejected: 403 or 401. Default: 403.
    pub app_only_status: u16,
    /// `$batch` accepts integers as ids, as `IntuneCD` sends them. Default: yes; only strings are documented.
    pub integer_batch_ids: bool,
    /// Bodies may contain numbers and booleans as strings, such as `"60"` and `"True"`, which PowerShell modules send
    /// and Microsoft's OData reader converts. Default: yes.
    pub text_for_primitives: bool,
    /// A write to one of a profile's old properties (`enableWhiteGlove`, `language`, ..) sets the current one, which
    /// PowerShell modules and backup restores rely on; if a body has both, the current name wins. Default: yes;
    /// otherwise such writes are rejected, because the old properties are documented as read-only.
    pub old_profile_names_are_written: bool,
    /// The `id` of an assignment in a POST or PATCH is ignored, as in an `assign` action. Default: yes; otherwise it is
    /// rejected, because it is documented as read-only.
    pub assignment_ids_are_ignored: bool,
    /// `displayName eq` works as a filter on deployment profiles and enrollment configurations, as `IntuneHydrationKit`
    /// and `Microsoft365DSC` expect. Default: yes; the documentation excludes it.
    pub display_name_filter: bool,
    /// `contains` and `startsWith` on `serialNumber` work as filters on managed devices and imports, as
    /// `WindowsAutopilotIntune` expects. Default: yes.
    pub serial_number_searches: bool,
    /// `supportsScopeTags` may be sent as false, which backup tools do; true returns 400 either way. Default: yes; it
    /// is documented as read-only.
    pub supports_scope_tags_takes_false: bool,
    /// Deleting a profile, page or device configuration returns 200 instead of 204, as `IntuneCD` expects. Default: no.
    pub deletion_answers_ok: bool,
    /// A domain join whose prefix and suffix together exceed 15 characters is rejected. Not verified; default: yes.
    pub long_computer_names_are_refused: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            os_default_reads_as_null: false,
            single_get_reports_unknown: false,
            identity_select_fails: false,
            identity_filter_refuses_space_and_hyphen: true,
            refused_profile_characters: "!#%^*()-+;'><".to_owned(),
            patch_honors_connectivity_check: true,
            assign_answers_empty_object: false,
            isof_filter: true,
            member_delete_without_ref: false,
            anchor_deletion: false,
            anchor_outlives_registration: false,
            connector_deletion: false,
            policy_status_details: true,
            strict_hashes: false,
            other_tenant_code: 806,
            duplicated_code: 0,
            storage_code: 0,
            accept_must_fit: true,
            app_only_status: 403,
            integer_batch_ids: true,
            text_for_primitives: true,
            old_profile_names_are_written: true,
            assignment_ids_are_ignored: true,
            display_name_filter: true,
            serial_number_searches: true,
            supports_scope_tags_takes_false: true,
            deletion_answers_ok: false,
            long_computer_names_are_refused: true,
        }
    }
}

impl Quirks {
    /// Creates the quirks of a tenant that is as strict as the documentation: no request is accepted just because a
    /// tool sends it.
    pub fn documented() -> Self {
        Self {
            isof_filter: false,
            integer_batch_ids: false,
            text_for_primitives: false,
            old_profile_names_are_written: false,
            assignment_ids_are_ignored: false,
            display_name_filter: false,
            serial_number_searches: false,
            supports_scope_tags_takes_false: false,
            connector_deletion: true,
            ..Self::default()
        }
    }

    /// Sets the quirk with this name: the field's name in camel case, such as `isofFilter`.
    ///
    /// # Errors
    /// [`InvalidValue`] if the quirk does not exist or the value has the wrong type.
    pub fn set(&mut self, name: &str, value: Value) -> Result<(), InvalidValue> {
        let refuse = |problem: String, remedy: String| Err(InvalidValue::new("quirk", problem, remedy));
        let Ok(Value::Object(mut all)) = serde_json::to_value(&*self) else {
            return refuse("cannot be changed".to_owned(), "set the field".to_owned());
        };
        if !all.contains_key(name) {
            let names: Vec<&str> = all.keys().map(String::as_str).collect();
            return refuse(format!("{name:?} is not known"), format!("use one of {}", names.join(", ")));
        }
        let before = all.insert(name.to_owned(), value).unwrap_or_default();
        match serde_json::from_value(Value::Object(all)) {
            Ok(changed) => {
                *self = changed;
                Ok(())
            }
            Err(error) => refuse(format!("{name:?}: {error}"), format!("write a value such as {before}")),
        }
    }
}

/// A service limit: a number of calls in a time window, beyond which calls return 429.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::sim::{RateLimit, Tenant};
/// let limit = RateLimit::new(100, Duration::from_secs(20));
/// let tenant = Tenant::builder().with_import_limit(Some(limit)).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The number of calls in one window.
    pub calls: u32,
    /// The length of the window.
    pub window: Duration,
}

impl RateLimit {
    /// Creates a limit of `calls` per `window`.
    pub fn new(calls: u32, window: Duration) -> Self {
        Self { calls, window }
    }
}

/// The options of building a tenant.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) seed: u64,
    pub(super) domain: String,
    pub(super) lag: Lag,
    pub(super) timing: DeploymentTiming,
    pub(super) quirks: Quirks,
    pub(super) page_size: Option<usize>,
    pub(super) import_limit: Option<RateLimit>,
    pub(super) write_limit: Option<RateLimit>,
    pub(super) call_limit: Option<RateLimit>,
    pub(super) granted: Option<BTreeSet<String>>,
    pub(super) strict_tokens: bool,
    pub(super) unknown_tokens_are_delegated: bool,
    pub(super) token_lifetime: Duration,
    pub(super) routes: Vec<TaughtRoute>,
    /// The connectors' directory; without one, computers are names in memory.
    pub(super) computer_accounts: Option<Arc<dyn ComputerAccounts>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            domain: "contoso.onmicrosoft.com".to_owned(),
            lag: Lag::default(),
            timing: DeploymentTiming::default(),
            quirks: Quirks::default(),
            page_size: None,
            import_limit: Some(RateLimit { calls: 65, window: MINUTE }),
            write_limit: None,
            call_limit: None,
            granted: None,
            strict_tokens: false,
            unknown_tokens_are_delegated: false,
            token_lifetime: Duration::from_secs(3599),
            routes: Vec::new(),
            computer_accounts: None,
        }
    }
}
