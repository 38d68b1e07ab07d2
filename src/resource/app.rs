//! Apps that Intune can install.

use super::resource;
use crate::catalog;
use crate::graph::{Call, List, Operation, entity};
use crate::model::{Id, MobileApp};

resource! {
    /// Apps that Intune can install (`mobileApps`).
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_app("Contoso VPN", "win32LobApp");
    /// use windows_autopilot::graph::field;
    ///
    /// let apps = client.mobile_apps().list().filter(field("displayName").eq("Contoso VPN")).all().await?;
    /// let app = client.mobile_apps().get(&apps[0].id).await?;
    /// assert_eq!(app.display_name.as_deref(), Some("Contoso VPN"));
    /// # Ok(()) });
    /// ```
    pub struct MobileApps, mobile_apps, "apps"
}

impl MobileApps<'_> {
    /// Lists all apps. Supports the filter `displayName eq`.
    ///
    /// # Permissions
    /// `DeviceManagementApps.Read.All`
    /// # API
    /// `v1.0`. [List mobileApps](https://learn.microsoft.com/en-us/graph/api/intune-apps-mobileapp-list?view=graph-rest-1.0)
    #[inline]
    pub fn list(&self) -> List<MobileApp> {
        List::new(self.client, &catalog::MOBILE_APPS_LIST, &[])
    }

    /// Returns one app.
    ///
    /// # Permissions
    /// `DeviceManagementApps.Read.All`
    /// # API
    /// `v1.0`. [Get win32LobApp](https://learn.microsoft.com/en-us/graph/api/intune-apps-win32lobapp-get?view=graph-rest-1.0)
    #[inline]
    pub fn get(&self, id: &Id<MobileApp>) -> Call<MobileApp> {
        Call::new(self.client, Operation::new(&catalog::MOBILE_APPS_GET, &[id.as_str()], entity))
    }
}
