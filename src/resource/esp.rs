//! Enrollment configurations: enrollment status pages and other kinds.

use serde::Serialize;

use super::assignment::Assignments;
use super::update::Update;
use super::{PayloadIds, resource};
use crate::catalog::{self, ApiVersion};
use crate::graph::{Call, List, Operation, count, entity, list_value, nothing};
use crate::model::{EnrollmentConfiguration, EnrollmentStatusPage, Id, PayloadLink, Settings, Stored};

resource! {
    /// Enrollment status pages, one of the kinds of object in `deviceEnrollmentConfigurations`.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// use windows_autopilot::model::{BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentStatusPage, InstallTimeout, Target};
    ///
    /// # let app = tenant.add_app("Contoso VPN", "win32LobApp");
    /// # let group = tenant.add_group("Autopilot Munich").parse()?;
    /// let apps = BlockingApps::selected([app.parse::<windows_autopilot::model::AppSelector>()?]);
    /// let page = EnrollmentStatusPage::new("Munich".parse()?)
    ///     .with_install_progress_timeout_in_minutes(InstallTimeout::from_minutes(90)?)
    ///     .with_block_device_use(BlockDeviceUse::Until(BlockUntil::new(apps)));
    /// let stored = client.enrollment_status_pages().create(&page).await?;
    /// client.enrollment_status_pages().assignments(&stored.id).add(&Target::group(group)).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// Every tenant has a default page as the fallback for everyone: its name, assignments and priority are fixed, and
    /// it cannot be deleted ([`Stored::is_default`]).
    pub struct EnrollmentStatusPages, enrollment_status_pages, "enrollment status pages"
}

impl<'c> EnrollmentStatusPages<'c> {
    /// Lists all enrollment configurations; those of other kinds are [`EnrollmentConfiguration::Unknown`].
    ///
    /// Filters are unreliable.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`: in `v1.0` a page has almost no settings.
    /// [List deviceEnrollmentConfigurations](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<EnrollmentConfiguration> {
        List::new(self.client, &catalog::ENROLLMENT_CONFIGURATIONS_LIST, &[])
    }

    /// Returns one page.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get windows10EnrollmentCompletionPageConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<EnrollmentStatusPage>) -> Call<Stored<EnrollmentStatusPage>> {
        Call::new(
            self.client,
            Operation::new(&catalog::ENROLLMENT_CONFIGURATIONS_GET, &[id.as_str()], entity),
        )
    }

    /// Counts the enrollment configurations of all kinds. A tenant can have up to 51 pages.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::ENROLLMENT_CONFIGURATIONS_COUNT, &[], count))
    }

    /// Creates a page, with the lowest priority. It reaches no device until it is assigned.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before the request, if
    /// [`EnrollmentStatusPage::lint`] finds an error.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Create windows10EnrollmentCompletionPageConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-create?view=graph-rest-beta)
    #[inline]
    pub fn create(&self, page: &EnrollmentStatusPage) -> Call<Stored<EnrollmentStatusPage>> {
        let operation = Operation::new(&catalog::ENROLLMENT_CONFIGURATIONS_CREATE, &[], entity);
        let operation = operation.with_json(&page.to_create_body()).only_in(&[ApiVersion::Beta]);
        Call::new(self.client, operation.refusing(&page.lint_for_call()))
    }

    /// Changes a page to the desired settings.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Update windows10EnrollmentCompletionPageConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-update?view=graph-rest-beta)
    #[inline]
    pub fn update(
        &self,
        stored: &Stored<EnrollmentStatusPage>,
        desired: &EnrollmentStatusPage,
    ) -> Update<EnrollmentStatusPage> {
        let (write, read) =
            (&catalog::ENROLLMENT_CONFIGURATIONS_UPDATE, &catalog::ENROLLMENT_CONFIGURATIONS_GET);
        Update::new(self.client, stored, desired, write, read)
            .refusing(&stored.settings.lint(), desired.lint_for_call())
    }

    /// Deletes a page. The default page cannot be deleted.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Delete windows10EnrollmentCompletionPageConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<EnrollmentStatusPage>) -> Call<()> {
        Call::new(
            self.client,
            Operation::new(&catalog::ENROLLMENT_CONFIGURATIONS_DELETE, &[id.as_str()], nothing),
        )
    }

    /// Sets a page's priority: 1 is the highest, and the other pages move accordingly. Setting the priority that the
    /// page already has is an error, so compare first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before the request, if the priority is not between 1
    /// and 2147483647; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) for the current priority and for the default
    /// page.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [setPriority](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-deviceenrollmentconfiguration-setpriority?view=graph-rest-beta)
    #[inline]
    pub fn set_priority(&self, id: &Id<EnrollmentStatusPage>, priority: u32) -> Call<()> {
        #[derive(Serialize)]
        struct Body {
            priority: u32,
        }
        let operation =
            Operation::new(&catalog::ENROLLMENT_CONFIGURATIONS_SET_PRIORITY, &[id.as_str()], nothing);
        let problem = (priority == 0 || i32::try_from(priority).is_err()).then(|| {
            format!("the priority {priority} is out of range: write 1, the highest, to {}", i32::MAX)
        });
        Call::new(self.client, operation.with_json(&Body { priority }).refused(problem))
    }

    /// Reports for each page whether another object, such as a policy set, links to it.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [hasPayloadLinks](https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta)
    #[inline]
    pub fn has_payload_links(&self, ids: &[Id<EnrollmentStatusPage>]) -> Call<Vec<PayloadLink>> {
        let body = PayloadIds { payload_ids: ids.iter().map(Id::as_str).collect() };
        let operation =
            Operation::new(&catalog::ENROLLMENT_CONFIGURATIONS_HAS_PAYLOAD_LINKS, &[], list_value);
        Call::new(self.client, operation.with_json(&body))
    }

    /// Returns a handle to list, add, remove and replace the assignments of a page.
    #[inline]
    pub fn assignments(&self, id: &Id<EnrollmentStatusPage>) -> Assignments<'c, EnrollmentStatusPage> {
        Assignments::new(self.client, id)
    }
}
