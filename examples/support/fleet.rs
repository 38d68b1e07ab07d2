//! A fleet of simulated devices: most deploy, and some have a flaw, each a different one.

use std::error::Error;
use std::time::Duration;

use serde_json::json;
use windows_autopilot::Client;
use windows_autopilot::clock::Clock;
use windows_autopilot::model::{
    Device, DomainJoinProfile, EnrollmentStatusPage, HybridJoinProfile, Id, MdmScope, SerialNumber, Target,
};
use windows_autopilot::sim::{DeviceSpec, PowerOnOptions, Tenant};
use windows_autopilot::transport::Transport as _;
use windows_autopilot::workflow::watch::Expectation;

const DOMAIN: &str = "corp.contoso.com";
const UNIT: &str = "OU=Autopilot,DC=corp,DC=contoso,DC=com";
const MINUTE: Duration = Duration::from_secs(60);

/// The flaw of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    NoProfile,
    NotSwitchedOn,
    NotInScope,
    NoLicense,
    UserAssigned,
    AnchorDeleted,
    NoDomainJoinProfile,
    TwoDomainJoinProfiles,
    Container,
    NoRight,
    NoDomainController,
    SlowApp,
}

impl Flaw {
    pub(crate) const ALL: [Self; 12] = [
        Self::NoProfile,
        Self::NotSwitchedOn,
        Self::NotInScope,
        Self::NoLicense,
        Self::UserAssigned,
        Self::AnchorDeleted,
        Self::NoDomainJoinProfile,
        Self::TwoDomainJoinProfiles,
        Self::Container,
        Self::NoRight,
        Self::NoDomainController,
        Self::SlowApp,
    ];
}

/// A device of the fleet.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: Id<Device>,
    pub(crate) serial: String,
    pub(crate) flaw: Option<Flaw>,
}

/// Devices in a tenant with the objects of their deployment.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) members: Vec<Member>,
    pub(crate) expected: Expectation,
}

impl Fleet {
    /// Sets up a tenant and `count` devices. Every fourth may have a flaw, each flaw in its turn.
    pub(crate) async fn new(client: &Client, tenant: &Tenant, count: usize) -> Result<Self, Box<dyn Error>> {
        let all = tenant.add_group("Autopilot devices");
        let joined = tenant.add_group("Devices that join");
        let twice = tenant.add_group("Devices that join twice");
        let in_container = tenant.add_group("Devices in a container");
        let without_right = tenant.add_group("Devices without a right");
        let users = tenant.add_group("Users");
        let target = |group: &str| group.parse().map(Target::group);

        let clerk = tenant.add_user("clerk@contoso.onmicrosoft.com");
        tenant.add_member(&users, &clerk);
        let contractor = tenant.add_unlicensed_user("contractor@contoso.onmicrosoft.com");
        tenant.add_member(&users, &contractor);
        tenant.add_user("outsider@contoso.onmicrosoft.com");
        let policy = client.mdm_policies().intune().await?;
        client.mdm_policies().set_scope(&policy, &MdmScope::Groups([users.parse()?].into())).await?;

        tenant.add_connector("ODJ-1", DOMAIN, "6.2504.2001.8");
        tenant.grant_ou(UNIT);
        let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
        let profile = client.profiles().create(&profile).await?;
        client.profiles().assignments(&profile.id).add(&target(&all)?).await?;
        let page: EnrollmentStatusPage =
            toml::from_str("display_name = 'Autopilot devices'\n[block_device_use.until]")?;
        let page = client.enrollment_status_pages().create(&page).await?;
        client.enrollment_status_pages().assignments(&page.id).replace_at_once(&[target(&all)?]).await?;

        let join = DomainJoinProfile::new("Contoso".parse()?, DOMAIN.parse()?, "MUC-".parse()?);
        for (name, unit, group) in [
            ("Contoso", UNIT, &joined),
            ("Contoso again", UNIT, &twice),
            ("Contoso without a right", "OU=Other,DC=corp,DC=contoso,DC=com", &without_right),
        ] {
            let mut join = join.clone().with_organizational_unit(unit.parse()?);
            join.display_name = name.parse()?;
            let join = client.domain_join_profiles().create(&join).await?;
            client.domain_join_profiles().assignments(&join.id).replace_at_once(&[target(group)?]).await?;
        }
        let container = create_with_container(tenant).await?;
        client
            .domain_join_profiles()
            .assignments(&container.parse()?)
            .replace_at_once(&[target(&in_container)?])
            .await?;

        let mut members = Vec::new();
        for number in 0..count {
            let flaw = (number % 4 == 3).then(|| Flaw::ALL.get(number / 4 % 16).copied()).flatten();
            let serial = format!("PF{:05}", number * 271 % 100_000);
            let mut device = DeviceSpec::new(serial.clone());
            if flaw == Some(Flaw::UserAssigned) {
                device = device.with_assigned_user("clerk@contoso.onmicrosoft.com");
            }
            let id = tenant.add_device_with(device);
            if flaw != Some(Flaw::NoProfile) {
                tenant.add_member(&all, &id);
            }
            match flaw {
                Some(Flaw::NoDomainJoinProfile) => {}
                Some(Flaw::Container) => tenant.add_member(&in_container, &id),
                Some(Flaw::NoRight) => tenant.add_member(&without_right, &id),
                Some(Flaw::TwoDomainJoinProfiles) => {
                    tenant.add_member(&joined, &id);
                    tenant.add_member(&twice, &id);
                }
                _ => tenant.add_member(&joined, &id),
            }
            members.push(Member { id: id.parse()?, serial, flaw });
        }
        let mut expected = Expectation::default()
            .with_profile(profile.id)
            .with_enrollment_status_page(&page.settings)
            .with_computer_name_prefix("MUC-".parse()?);
        expected.power_on_timeout = 150 * MINUTE;
        Ok(Self { members, expected })
    }

    /// Returns the devices, by id and serial number.
    pub(crate) fn watched(&self) -> impl Iterator<Item = (Id<Device>, SerialNumber)> + '_ {
        self.members.iter().filter_map(|member| Some((member.id.clone(), member.serial.parse().ok()?)))
    }

    /// Switches the devices on, one every twelve seconds, after the profiles are assigned.
    pub(crate) async fn switch_on(&self, tenant: &Tenant, clock: &impl Clock) {
        clock.sleep(10 * MINUTE).await;
        for number in 0..self.members.len() + TIDY_AFTER {
            clock.sleep(Duration::from_secs(12)).await;
            if let Some(member) = self.members.get(number) {
                member.switch_on(tenant);
            }
            // Somebody tidies up in Entra ID while a device is enrolling.
            let enrolling = number.checked_sub(TIDY_AFTER).and_then(|number| self.members.get(number));
            if let Some(member) = enrolling.filter(|member| member.flaw == Some(Flaw::AnchorDeleted)) {
                tenant.remove_anchor(&member.serial);
            }
        }
    }
}

/// The number of devices after which somebody tidies up: four minutes.
const TIDY_AFTER: usize = 20;

impl Member {
    fn switch_on(&self, tenant: &Tenant) {
        let device = PowerOnOptions::new(self.serial.clone()).with_user("clerk@contoso.onmicrosoft.com");
        tenant.power_on_with(match self.flaw {
            Some(Flaw::NotSwitchedOn | Flaw::NoProfile) => return,
            Some(Flaw::NotInScope) => device.with_user("outsider@contoso.onmicrosoft.com"),
            Some(Flaw::NoLicense) => device.with_user("contractor@contoso.onmicrosoft.com"),
            Some(Flaw::NoDomainController) => device.without_domain_controller(),
            Some(Flaw::SlowApp) => device.with_device_setup(180 * MINUTE),
            _ => device,
        });
    }
}

/// Creates a domain join profile that names a container, as the portal lets people do and the typed settings do not.
async fn create_with_container(tenant: &Tenant) -> Result<String, Box<dyn Error>> {
    let body = json!({
        "@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration", "displayName": "Contoso container",
        "activeDirectoryDomainName": DOMAIN, "computerNameStaticPrefix": "MUC-",
        "computerNameSuffixRandomCharCount": 11, "organizationalUnit": "CN=Computers,DC=corp,DC=contoso,DC=com"
    });
    let request =
        http::Request::post("https://graph.microsoft.com/beta/deviceManagement/deviceConfigurations")
            .header("authorization", format!("Bearer {}", tenant.app_token()))
            .header("content-type", "application/json")
            .body(bytes::Bytes::from(body.to_string()))?;
    let answer = tenant.send(request).await?;
    let created: serde_json::Value = serde_json::from_slice(answer.body())?;
    let id = created.get("id").and_then(serde_json::Value::as_str);
    Ok(id.ok_or("the profile was not created")?.to_owned())
}
