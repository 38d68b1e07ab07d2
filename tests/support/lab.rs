//! A simulated tenant whose connector creates its computers in a directory: devices from their registration to the
//! desktop.

use std::ops::Range;
use std::time::Duration;

use windows_autopilot::model::{AdDomain, Device, DeviceToImport, Id, OrganizationalUnit};
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::{Cause, ComputerAccounts, Deployment, DeploymentPhase};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::HybridJoin;
use windows_autopilot::workflow::watch::{DeploymentReport, Expectation, Watch};

/// A tenant in which all is ready but for the right on premises.
pub(crate) struct Lab {
    pub(crate) harness: Harness,
    devices: Vec<(Id<Device>, String)>,
    expected: Expectation,
}

impl Lab {
    pub(crate) async fn new(
        accounts: impl ComputerAccounts,
        unit: &OrganizationalUnit,
        prefix: &str,
        count: usize,
    ) -> Self {
        Self::new_in(accounts, &unit.domain(), Some(unit), prefix, count).await
    }

    /// As [`new`](Self::new), in the domain's default container if there is no unit.
    pub(crate) async fn new_in(
        accounts: impl ComputerAccounts,
        domain: &AdDomain,
        unit: Option<&OrganizationalUnit>,
        prefix: &str,
        count: usize,
    ) -> Self {
        let harness =
            Harness::builder().with_tenant(|tenant| tenant.with_computer_accounts(accounts)).build();
        let unit = unit.map(|unit| format!("organizational_unit = '{unit}'")).unwrap_or_default();
        let text = format!(
            r#"
            name = "Lab"
            mdm_scope.groups = ["Intune users"]
            connectors = {{}}
            [active_directory]
            domain = "{domain}"
            {unit}
            [group]
            display_name = "Autopilot lab"
            members.group_tag = "Lab"
            [enrollment_status_page]
            display_name = "Autopilot lab"
            [profile]
            display_name = "Lab"
            [domain_join]
            display_name = "Lab"
            computer_name_prefix = "{prefix}"
            "#
        );
        let desired: HybridJoin = toml::from_str(&text).unwrap();
        let tenant = &harness.tenant;
        let (users, user) =
            (tenant.add_group("Intune users"), tenant.add_user("adele@contoso.onmicrosoft.com"));
        tenant.add_member(&users, &user);
        tenant.add_connector("SRV-ODJ-01", domain.as_str(), "6.2504.2001.8");
        let devices: Vec<DeviceToImport> = (0..count)
            .map(|number| {
                let serial = format!("LAB{number:05}");
                DeviceToImport::new(serial.parse().unwrap(), SampleHash::new(serial.clone()).build().unwrap())
            })
            .collect();
        let applied = desired
            .plan(&harness.client, &devices)
            .await
            .unwrap()
            .apply(&harness.client)
            .await
            .into_result()
            .unwrap();
        let profile = applied.profile.unwrap();
        for (device, _) in &applied.devices {
            let wait = Duration::from_secs(3600);
            harness.client.devices().wait_until_assigned(device, &profile, wait).await.unwrap();
        }
        let expected = Expectation::default().with_profile(profile);
        assert_eq!(applied.devices.len(), count);
        Self { harness, devices: applied.devices, expected }
    }

    /// Switches devices on, and watches each to its end.
    pub(crate) async fn deploy(&self, which: Range<usize>) -> (DeploymentReport, Vec<Deployment>) {
        let devices = &self.devices[which];
        for (_, serial) in devices {
            let options = windows_autopilot::sim::PowerOnOptions::new(serial)
                .with_user("adele@contoso.onmicrosoft.com");
            self.harness.tenant.power_on_with(options);
        }
        let watched = devices.iter().map(|(device, _)| device.clone());
        let watch = Watch::new(&self.harness.client, watched).with_expectation(self.expected.clone());
        let report = watch.start().await.unwrap();
        let ends = devices.iter().map(|(_, serial)| self.harness.tenant.deployment(serial).unwrap());
        (report, ends.collect())
    }
}

/// Asserts that every device ended with this cause, shows the documented code, and is diagnosed in the watch.
pub(crate) fn assert_refused((report, ends): &(DeploymentReport, Vec<Deployment>), cause: Cause) {
    for end in ends {
        assert_eq!((end.phase, end.cause), (DeploymentPhase::Failed, Some(cause)), "{end:?}");
        assert!(end.refusal.is_some() && end.computer_name.is_none(), "{end:?}");
    }
    assert_eq!(report.devices.len(), ends.len());
    for device in &report.devices {
        let [finding] = &device.state.findings[..] else {
            panic!("{} {:?}", device.status(), device.state.findings)
        };
        assert_eq!(finding.id, "watch.domain-join-failed");
        assert!(finding.evidence.contains("0x80070774"), "{finding}");
        for hint in ["30132", "0x216d", "0x8b0"] {
            assert!(finding.remedy.contains(hint), "{hint}: {finding}");
        }
    }
}
