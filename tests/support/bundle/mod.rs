//! Files of a device and of a connector's server, made from the story of a deployment.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helpers of tests"
)]

mod archive;
mod evtx;
mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use windows_autopilot::evidence::{Bundle, EventRecord, Level, Limits, Provider, Side};
use windows_autopilot::jiff;
use windows_autopilot::serde_json;
use windows_autopilot::sim::{DeviceStory, StoryEvent};

pub use self::archive::{Packing, cab, cab_with, zip};
pub use self::evtx::evtx;
pub use self::render::{dump, export};

/// A file or a log of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Profile,
    DeviceManagementLog,
    ModernDeploymentLog,
    RegistrationLog,
    ShellCoreLog,
    AadLog,
    SystemLog,
    Registry,
    DirectoryStatus,
    JoinLog,
    AppLog,
    ConnectorLog,
    ServerJoinLog,
}

impl Part {
    pub const ALL: [Self; 13] = [
        Self::Profile,
        Self::DeviceManagementLog,
        Self::ModernDeploymentLog,
        Self::RegistrationLog,
        Self::ShellCoreLog,
        Self::AadLog,
        Self::SystemLog,
        Self::Registry,
        Self::DirectoryStatus,
        Self::JoinLog,
        Self::AppLog,
        Self::ConnectorLog,
        Self::ServerJoinLog,
    ];

    pub fn side(self) -> Side {
        if matches!(self, Self::ConnectorLog | Self::ServerJoinLog) {
            Side::ConnectorServer
        } else {
            Side::Device
        }
    }

    /// The channel and the provider of most of its records.
    fn log(self) -> Option<(&'static str, Provider)> {
        Some(match self {
            Self::DeviceManagementLog => (
                "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin",
                Provider::DeviceManagement,
            ),
            Self::ModernDeploymentLog => (
                "Microsoft-Windows-ModernDeployment-Diagnostics-Provider/Autopilot",
                Provider::ModernDeployment,
            ),
            Self::RegistrationLog => {
                ("Microsoft-Windows-User Device Registration/Admin", Provider::UserDeviceRegistration)
            }
            Self::ShellCoreLog => ("Microsoft-Windows-Shell-Core/Operational", Provider::ShellCore),
            Self::AadLog => ("Microsoft-Windows-AAD/Operational", Provider::Aad),
            Self::SystemLog => ("System", Provider::ServiceControlManager),
            Self::ConnectorLog => ("Microsoft-Intune-ODJConnectorService/Admin", Provider::Connector),
            _ => return None,
        })
    }
}

/// The data of a registry value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    Text(String),
    Number(u32),
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Data {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

const MACHINE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft";

/// Everything that was collected of one deployment.
#[derive(Debug, Clone)]
pub struct Files {
    pub profile: Option<Value>,
    pub events: BTreeMap<Part, Vec<EventRecord>>,
    /// Values by key, in upper and lower case as Windows writes them.
    pub registry: BTreeMap<String, BTreeMap<String, Data>>,
    pub status: BTreeMap<String, String>,
    /// Lines of text logs. Their wall time is UTC here.
    pub lines: BTreeMap<Part, Vec<(Timestamp, String)>>,
    pub missing: BTreeSet<Part>,
    pub limits: Limits,
    zone_known: bool,
    begin: Timestamp,
    end: Timestamp,
    computer: String,
}

impl Files {
    /// Writes everything that a story says.
    pub fn of(story: &DeviceStory) -> Self {
        let begin = story.facts.first().map_or(Timestamp::UNIX_EPOCH, |fact| fact.at);
        let end = story.facts.last().map_or(begin, |fact| fact.at);
        let mut files = Self {
            profile: None,
            events: BTreeMap::new(),
            registry: BTreeMap::new(),
            status: BTreeMap::new(),
            lines: BTreeMap::new(),
            missing: BTreeSet::new(),
            limits: Limits::default(),
            zone_known: true,
            begin: begin - Duration::from_secs(600),
            end: end + Duration::from_secs(600),
            computer: story.initial_name.clone(),
        };
        for part in Part::ALL {
            // Every log has records that say nothing, before and after the deployment.
            if let Some((channel, provider)) = part.log() {
                for at in [files.begin, files.end] {
                    let noise = EventRecord::new(provider.clone(), 65_000).with_channel(channel);
                    files.push(part, at, noise);
                }
            }
        }
        let (build, revision) = story.os_build.split_once('.').unwrap_or((&story.os_build, "0"));
        files.value(r"Windows NT\CurrentVersion", "CurrentBuild", build);
        files.value(r"Windows NT\CurrentVersion", "UBR", revision.parse::<u32>().unwrap_or(0));
        for (name, value) in [("AzureAdJoined", "NO"), ("EnterpriseJoined", "NO"), ("DomainJoined", "NO")] {
            files.status.insert(name.to_owned(), value.to_owned());
        }
        files.text(Part::JoinLog, begin, "NetpInit: the log begins");
        files.text(Part::ServerJoinLog, begin, "NetpInit: the log begins");
        files.text(Part::AppLog, begin, "[Agent] starts");
        for fact in &story.facts {
            files.fact(story, fact.at, &fact.event);
        }
        files
    }

    #[must_use]
    pub fn without(mut self, part: Part) -> Self {
        self.missing.insert(part);
        self
    }

    /// Leaves the zone of text logs open.
    #[must_use]
    pub fn without_zone(mut self) -> Self {
        self.zone_known = false;
        self
    }

    /// Adds a record at its time.
    #[must_use]
    pub fn event(mut self, part: Part, at: Timestamp, record: EventRecord) -> Self {
        self.push(part, at, record);
        self
    }

    /// Removes the records that `is_removed` takes.
    #[must_use]
    pub fn without_events(mut self, part: Part, is_removed: impl Fn(&EventRecord) -> bool) -> Self {
        self.events.entry(part).or_default().retain(|record| !is_removed(record));
        self
    }

    /// Sets a registry value; without a name the key alone.
    #[must_use]
    pub fn registry(mut self, key: &str, name: &str, data: impl Into<Data>) -> Self {
        let values = self.registry.entry(key.to_owned()).or_default();
        if !name.is_empty() {
            values.insert(name.to_owned(), data.into());
        }
        self
    }

    /// Sets a field of `dsregcmd /status`.
    #[must_use]
    pub fn status(mut self, name: &str, value: &str) -> Self {
        self.status.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds a line of a text log.
    #[must_use]
    pub fn line(mut self, part: Part, at: Timestamp, text: &str) -> Self {
        self.text(part, at, text);
        self
    }

    /// Sets a property of the downloaded profile.
    #[must_use]
    pub fn profile(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.profile.get_or_insert_with(|| json!({}))[name] = value.into();
        self
    }

    /// The bundle in memory: logs through the seam, everything else as the bytes of its file.
    pub fn in_memory(&self) -> Bundle {
        let mut bundle = self.bundle();
        for (part, channel, records) in self.logs() {
            bundle.add_events(part.side(), log_file(&channel), records.into_iter());
        }
        for (part, name, bytes) in self.text_files() {
            bundle.add_bytes(part.side(), name, bytes);
        }
        bundle
    }

    fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::new(self.limits.clone());
        if self.zone_known {
            for side in [Side::Device, Side::ConnectorServer] {
                bundle = bundle.with_utc_offset(side, jiff::tz::Offset::UTC);
            }
        }
        bundle
    }

    /// The members of the cab of `mdmdiagnosticstool`.
    pub fn mdm_members(&self) -> Vec<(String, Vec<u8>)> {
        let in_cab = |part: Part| {
            part.side() == Side::Device
                && !matches!(part, Part::SystemLog | Part::DirectoryStatus | Part::JoinLog)
        };
        let mut members = self.members(in_cab);
        members
            .push(("MdmDiagLogMetadata.json".to_owned(), b"{\"CommandLine\":\"-area Autopilot\"}".to_vec()));
        members.push(("DiagnosticLogCSP_Collector_Autopilot_2026_7_1_8_0_0.etl".to_owned(), vec![1; 4096]));
        members
    }

    pub fn mdm_zip(&self) -> Vec<u8> {
        zip(&self.mdm_members())
    }

    pub fn mdm_cab(&self) -> Vec<u8> {
        cab(&self.mdm_members())
    }

    /// The zip of Intune's remote action, in its old layout or flattened.
    pub fn diag_logs(&self, flattened: bool) -> Vec<u8> {
        let name = |number: usize, kind: &str, rest: &str, file: &str| {
            if flattened { format!("({number}) {kind} {rest}") } else { format!("{number}/{file}") }
        };
        let cab = self.mdm_cab();
        let mut members = vec![(
            name(
                5,
                "FoldersFiles",
                "temp_MDMDiagnostics_mdmlogs-2026-07-01-08-00-00.cab",
                "mdmlogs-2026-07-01-08-00-00.cab",
            ),
            cab,
        )];
        for (file, bytes) in self.members(|part| part == Part::SystemLog) {
            members.push((name(3, "Events", &format!("System {file}"), "Events.evtx"), bytes));
        }
        for (_, bytes) in self.members(|part| part == Part::DirectoryStatus) {
            members.push((
                name(2, "Command", "windir_system32_dsregcmd_exe_status_output.log", "output.log"),
                bytes,
            ));
        }
        let missing = |part: Part| if self.missing.contains(&part) { "-2147024894" } else { "0" };
        let results = format!(
            "<Collection HRESULT=\"0\"><ID>1c2b3a4d-0000-1111-2222-333344445555</ID>\
             <SasUrl>https://lgmsapeweu.blob.core.windows.net/x?sig=SECRET-CANARY</SasUrl>\
             <RegistryKey HRESULT=\"-2147024895\">HKLM\\Software\\Microsoft\\IntuneManagementExtension</RegistryKey>\
             <Command HRESULT=\"{}\">%windir%\\system32\\dsregcmd.exe /status</Command>\
             <Events HRESULT=\"{}\">System</Events>\
             <FoldersFiles HRESULT=\"0\">%temp%\\MDMDiagnostics\\mdmlogs-*.cab</FoldersFiles>\
             <ClientTimeoutInSeconds>5400</ClientTimeoutInSeconds></Collection>",
            missing(Part::DirectoryStatus),
            missing(Part::SystemLog)
        );
        members.push(("results.xml".to_owned(), results.into_bytes()));
        zip(&members)
    }

    /// The exported logs of the connector's server.
    pub fn server_files(&self) -> Vec<(String, Vec<u8>)> {
        self.members(|part| part.side() == Side::ConnectorServer)
    }

    fn members(&self, is_in: impl Fn(Part) -> bool) -> Vec<(String, Vec<u8>)> {
        let logs = self.logs().into_iter().filter(|(part, ..)| is_in(*part));
        let logs = logs.map(|(_, channel, records)| (log_file(&channel), evtx(&records)));
        let texts = self.text_files().into_iter().filter(|(part, ..)| is_in(*part));
        logs.chain(texts.map(|(_, name, bytes)| (name, bytes))).collect()
    }

    /// The records of each channel, in order and numbered.
    fn logs(&self) -> Vec<(Part, String, Vec<EventRecord>)> {
        let mut logs: BTreeMap<(Part, String), Vec<EventRecord>> = BTreeMap::new();
        for (part, records) in &self.events {
            if self.missing.contains(part) {
                continue;
            }
            for record in records {
                logs.entry((*part, record.channel.to_string())).or_default().push(record.clone());
            }
        }
        let numbered = logs.into_iter().map(|((part, channel), mut records)| {
            records.sort_by_key(|record| record.time);
            for (record, number) in records.iter_mut().zip(1..) {
                record.record = number;
            }
            (part, channel, records)
        });
        numbered.collect()
    }

    fn text_files(&self) -> Vec<(Part, String, Vec<u8>)> {
        let mut files = Vec::new();
        if let Some(profile) = &self.profile {
            files.push((
                Part::Profile,
                "AutopilotDDSZTDFile.json".to_owned(),
                profile.to_string().into_bytes(),
            ));
        }
        files.push((Part::Registry, "MdmDiagReport_RegistryDump.reg".to_owned(), dump(&self.registry)));
        files.push((Part::DirectoryStatus, "dsregcmd.txt".to_owned(), render::status(&self.status)));
        for (part, lines) in &self.lines {
            let (name, bytes) = match part {
                Part::AppLog => ("IntuneManagementExtension.log", render::cmtrace(lines)),
                _ => ("netsetup.log", render::netsetup(lines)),
            };
            files.push((*part, name.to_owned(), bytes));
        }
        files.retain(|(part, ..)| !self.missing.contains(part));
        files
    }

    fn push(&mut self, part: Part, at: Timestamp, record: EventRecord) {
        let record = if record.time.is_none() { record.with_time(at) } else { record };
        let record = if record.channel.is_empty() {
            record.with_channel(part.log().expect("a part with events").0)
        } else {
            record
        };
        let record =
            if record.computer.is_none() { record.with_computer(self.computer.as_str()) } else { record };
        self.events.entry(part).or_default().push(record);
    }

    fn text(&mut self, part: Part, at: Timestamp, text: &str) {
        let lines = self.lines.entry(part).or_default();
        lines.push((at, text.to_owned()));
        lines.sort_by_key(|(at, _)| *at);
    }

    fn value(&mut self, key: &str, name: &str, data: impl Into<Data>) {
        let values = self.registry.entry(format!(r"{MACHINE}\{key}")).or_default();
        if !name.is_empty() {
            values.insert(name.to_owned(), data.into());
        }
    }

    fn log(&mut self, part: Part, at: Timestamp, id: u32, level: Level, fields: &[(&str, &str)]) {
        let (channel, provider) = part.log().expect("a part with events");
        let record = EventRecord::new(provider, id).with_channel(channel).with_level(level);
        let record = fields.iter().fold(record, |record, (name, value)| record.with_field(*name, *value));
        self.push(part, at, record);
    }

    fn system(&mut self, at: Timestamp, provider: Provider, id: u32, fields: &[(&str, &str)]) {
        let record = EventRecord::new(provider, id).with_level(Level::Information);
        let record = fields.iter().fold(record, |record, (name, value)| record.with_field(*name, *value));
        self.push(Part::SystemLog, at, record);
    }

    fn category(&mut self, phase: &str, json: &Value) {
        self.value(r"Provisioning\AutopilotSettings", &format!("{phase}Category.Status"), json.to_string());
    }

    fn fact(&mut self, story: &DeviceStory, at: Timestamp, event: &StoryEvent) {
        use Level::{Error, Information, Warning};
        use Part::{
            AppLog, DeviceManagementLog as Dm, ModernDeploymentLog as Md, RegistrationLog as Udr,
            ServerJoinLog, ShellCoreLog,
        };
        let enrollment = story.managed_device_id.clone().unwrap_or_default();
        let first_sync = format!(r"Enrollments\{enrollment}\FirstSync");
        let computer = story.computer_name.clone().unwrap_or_else(|| "PC-1".to_owned());
        let domain = story.domain.clone().unwrap_or_else(|| "corp.contoso.com".to_owned());
        let hex = |code: u32| format!("0x{code:08x}");
        let signed = |code: u32| code.cast_signed().to_string();
        match event {
            StoryEvent::Started => {
                self.system(at, Provider::KernelGeneral, 12, &[("StartTime", &at.to_string())])
            }
            StoryEvent::ProfileDownloaded { name, hybrid, skips_check, user_assigned } => {
                self.log(Md, at, 160, Information, &[]);
                self.log(Md, at, 161, Information, &[]);
                self.log(Md, at, 153, Information, &[("InitialState", "1"), ("UpdateState", "3")]);
                self.profile = Some(json!({
                    "ZtdRegistrationId": story.registration_id, "AadDeviceId": story.anchor_device_id,
                    "CloudAssignedTenantId": story.tenant_id, "CloudAssignedTenantDomain": "contoso.onmicrosoft.com",
                    "CloudAssignedTenantUpn": if *user_assigned { story.user.clone().unwrap_or_default() } else { String::new() },
                    "CloudAssignedOobeConfig": 286, "CloudAssignedDomainJoinMethod": u32::from(*hybrid),
                    "HybridJoinSkipDCConnectivityCheck": u32::from(*skips_check), "DeploymentProfileName": name,
                    "AutopilotMode": 0, "PolicyDownloadDate": at.to_string(),
                }));
                let key = r"Provisioning\Diagnostics\Autopilot";
                for (value, text) in [
                    ("AadTenantId", story.tenant_id.as_str()),
                    ("CloudAssignedTenantId", story.tenant_id.as_str()),
                    ("CloudAssignedTenantDomain", "contoso.onmicrosoft.com"),
                    ("DeploymentProfileName", name.as_str()),
                ] {
                    self.value(key, value, text);
                }
                self.value(key, "IsAutopilotDisabled", 0);
                self.value(key, "TenantMatched", 1);
                self.value(
                    r"Provisioning\Diagnostics\Autopilot\EstablishedCorrelations",
                    "ZtdRegistrationId",
                    story.registration_id.clone().unwrap_or_default(),
                );
            }
            StoryEvent::ProfileRefused { code } => {
                let reason = match code {
                    807 => "ZtdDeviceIsNotRegistered",
                    908 => "SerialNumberMismatch",
                    _ => "ZtdDeviceHasNoAssignedProfile",
                };
                self.log(Md, at, 709, Warning, &[("HRESULT", &hex(*code)), ("Message1", reason)]);
                self.profile = Some(json!({ "ErrorCode": code, "ErrorReason": reason }));
                self.value(r"Provisioning\Diagnostics\Autopilot", "CloudAssignedTenantId", "");
                self.value(r"Provisioning\Diagnostics\Autopilot", "IsAutopilotDisabled", 1);
            }
            StoryEvent::Enrolled => {
                self.log(Dm, at, 72, Information, &[]);
                let key = format!(r"Enrollments\{enrollment}");
                self.value(&key, "ProviderID", "MS DM Server");
                self.value(&key, "EnrollmentType", 6);
                self.value(&key, "EnrollmentState", 1);
                self.value(&key, "UPN", story.user.clone().unwrap_or_default());
                self.value(
                    r"Provisioning\Diagnostics\Autopilot\EstablishedCorrelations",
                    "EntDMID",
                    enrollment,
                );
                self.status
                    .insert("MdmUrl".to_owned(), "https://enrollment.manage.microsoft.com/x".to_owned());
            }
            StoryEvent::EnrollmentFailed { code } => {
                self.log(Dm, at, 71, Error, &[("HRESULT", &signed(*code))]);
            }
            StoryEvent::JoinAwaited { needs_domain_controller } => {
                let needs = if *needs_domain_controller { "true" } else { "false" };
                self.log(Dm, at, 111, Information, &[("Boolean1", needs)]);
                self.log(Dm, at, 109, Information, &[("HexInt1", "0x1")]);
                self.category(
                    "DevicePreparation",
                    &json!({ "categoryState": "inProgress",
                    "DevicePreparation.AadjSubcategory": { "subcategoryState": "inProgress" } }),
                );
            }
            StoryEvent::AccountCreated => {
                self.connector(at, 30130, &json!({ "RequestId": "5ad4bd4a-0000-4000-8000-000000000001",
                    "DeviceId": enrollment, "DomainName": domain, "MachineName": computer, "BlobDataLength": "2000",
                    "DiagnosticCode": "0x00000000" }));
                self.text(ServerJoinLog, at, "NetpProvisionComputerAccount:");
                self.text(ServerJoinLog, at, &format!("\tlpDomain: {domain}"));
                self.text(ServerJoinLog, at, &format!("\tlpHostName: {computer}"));
                self.text(ServerJoinLog, at, "\tlpMachinePassword: (null)");
                self.text(ServerJoinLog, at, "NetpProvisionComputerAccount: status: 0x0");
            }
            StoryEvent::AccountRefused { error, diagnostic, text } => {
                self.connector(at, 30132, &json!({ "RequestId": "5ad4bd4a-0000-4000-8000-000000000001",
                    "DeviceId": enrollment, "DomainName": domain, "ErrorCode": error.to_string(), "RetryCount": "1",
                    "ErrorDescription": text, "DiagnosticCode": hex(*diagnostic), "DiagnosticText": text }));
                self.text(ServerJoinLog, at, &format!("NetpProvisionComputerAccount: status: 0x{error:x}"));
            }
            StoryEvent::BlobApplied => {
                self.log(Dm, at, 107, Information, &[("HRESULT", "0")]);
                self.log(Dm, at, 109, Information, &[("HexInt1", "0x2")]);
                self.value(r"Provisioning\OMADM\SyncML\ODJApplied", "", 0);
            }
            StoryEvent::BlobFailed { code } => self.log(Dm, at, 108, Error, &[("HRESULT", &signed(*code))]),
            StoryEvent::DomainControllerSought { code } => {
                self.log(Dm, at, 105, Information, &[("HRESULT", &signed(*code))]);
                self.log(Dm, at, 106, Information, &[("HRESULT", &signed(*code))]);
                if *code == 0 {
                    let channel =
                        "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Operational";
                    let found = EventRecord::new(Provider::DeviceManagement, 101)
                        .with_channel(channel)
                        .with_level(Information)
                        .with_field("HexInt1", "0x1388")
                        .with_field("HRESULT", "0");
                    self.push(Dm, at, found);
                }
            }
            StoryEvent::JoinTimedOut => {
                self.log(Dm, at, 100, Error, &[("HexInt1", "0x16E39F"), ("HRESULT", "-2147022988")]);
                self.log(Dm, at, 109, Information, &[("HexInt1", "0x3")]);
                self.category(
                    "DevicePreparation",
                    &json!({ "categoryState": "failed", "categorySucceeded": false,
                    "DevicePreparation.AadjSubcategory": { "subcategoryState": "failed",
                        "subcategoryStatusText": "Joining your organization's network (0x80070774)" } }),
                );
            }
            StoryEvent::Restarted => {
                self.system(
                    at,
                    Provider::User32,
                    1074,
                    &[("param1", "C:\\Windows\\system32\\oobe\\msoobe.exe")],
                );
                self.system(at, Provider::KernelGeneral, 13, &[("StopTime", &at.to_string())]);
                self.system(at, Provider::KernelGeneral, 12, &[("StartTime", &at.to_string())]);
                self.computer.clone_from(&computer);
                self.status.insert("DomainJoined".to_owned(), "YES".to_owned());
                self.status.insert("DomainName".to_owned(), domain);
            }
            StoryEvent::PageStarted { timeout_minutes, blocks, skips_account } => {
                self.value(&first_sync, "SkipDeviceStatusPage", 0);
                self.value(&first_sync, "SkipUserStatusPage", if *skips_account { u32::MAX } else { 0 });
                self.value(&first_sync, "SyncFailureTimeout", *timeout_minutes);
                self.value(&first_sync, "BlockInStatusPage", if *blocks { 3 } else { 4 });
                self.category(
                    "DevicePreparation",
                    &json!({ "categoryState": "succeeded", "categorySucceeded": true }),
                );
                self.category(
                    "DeviceSetup",
                    &json!({ "categoryState": "inProgress",
                    "DeviceSetup.AppsSubcategory": { "subcategoryState": "inProgress" } }),
                );
            }
            StoryEvent::PageSkipped => {
                self.value(&first_sync, "SkipDeviceStatusPage", u32::MAX);
                self.value(&first_sync, "SkipUserStatusPage", u32::MAX);
            }
            StoryEvent::AppInstalled { id } => {
                self.tracked_app(id, 3);
                self.text(AppLog, at, &format!("[Win32App] app {id} lpExitCode 0"));
            }
            StoryEvent::AppFailed { id, code } => {
                self.tracked_app(id, 4);
                let user = "00000000-0000-0000-0000-000000000000";
                let key = format!(r"IntuneManagementExtension\Win32Apps\{user}\{id}_1");
                self.value(&key, "ExitCode", *code);
                self.text(AppLog, at, &format!("[Win32App] app {id} lpExitCode {code}"));
            }
            StoryEvent::DeviceSetupDone => {
                self.log(
                    ShellCoreLog,
                    at,
                    62404,
                    Information,
                    &[("CXID", "CommercialOOBE_ESPProgress_Page_Exiting")],
                );
                self.category(
                    "DeviceSetup",
                    &json!({ "categoryState": "succeeded", "categorySucceeded": true }),
                );
            }
            StoryEvent::DeviceSetupTimedOut => {
                let name = "UnifiedEnrollment_ProvisioningProgressPage_DeviceConfigurationTimeOut";
                let value = r#"{"message":"BootstrapStatus: timeout","errorCode":2147943860}"#;
                self.log(ShellCoreLog, at, 62407, Information, &[("Name", name), ("Value", value)]);
                self.category(
                    "DeviceSetup",
                    &json!({ "categoryState": "failed", "categorySucceeded": false,
                    "categoryStatusMessage": "0x800705b4" }),
                );
            }
            StoryEvent::RegistrationFailed { code, text } => {
                let fields = [
                    ("ExitCode", hex(*code)),
                    ("ServerErrorMessage", text.clone()),
                    ("DebugOutput", "joinMode: Join\nphase: join".to_owned()),
                ];
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                self.log(Udr, at, 304, Error, &fields);
                self.log(Udr, at, 307, Error, &[("ExitCode", &hex(*code))]);
                for (name, value) in [
                    ("Registration Type", "sync"),
                    ("Error Phase", "join"),
                    ("Client ErrorCode", &hex(*code)),
                    ("Server Message", text),
                ] {
                    self.status.insert(name.to_owned(), value.to_owned());
                }
            }
            StoryEvent::Registered { device_id } => {
                self.log(Udr, at, 306, Information, &[]);
                self.status.insert("AzureAdJoined".to_owned(), "YES".to_owned());
                self.status.insert("DeviceId".to_owned(), device_id.clone());
                self.status.retain(|name, _| {
                    !["Registration Type", "Error Phase", "Client ErrorCode", "Server Message"]
                        .contains(&name.as_str())
                });
            }
            StoryEvent::AccountSetupStarted => self.category(
                "AccountSetup",
                &json!({ "categoryState": "inProgress",
                "AccountSetup.WaitingForAadRegistration": { "subcategoryState": "inProgress" } }),
            ),
            StoryEvent::AccountSetupDone => {
                self.log(
                    ShellCoreLog,
                    at,
                    62404,
                    Information,
                    &[("CXID", "CommercialOOBE_ESPProgress_Page_Exiting")],
                );
                self.category(
                    "AccountSetup",
                    &json!({ "categoryState": "succeeded", "categorySucceeded": true }),
                );
                self.value(&first_sync, "IsSyncDone", 1);
                self.value(&first_sync, "IsServerProvisioningDone", 1);
            }
            StoryEvent::AccountSetupTimedOut => {
                self.log(
                    ShellCoreLog,
                    at,
                    62404,
                    Information,
                    &[("CXID", "CommercialOOBE_ESPProgress_Timeout")],
                );
                self.category(
                    "AccountSetup",
                    &json!({ "categoryState": "failed", "categorySucceeded": false,
                    "AccountSetup.WaitingForAadRegistration": { "subcategoryState": "inProgress" } }),
                );
            }
            _ => {}
        }
    }

    fn tracked_app(&mut self, id: &str, state: u32) {
        let tracking = r"Windows\Autopilot\EnrollmentStatusTracking\Device\Setup\Apps";
        self.value(&format!(r"{tracking}\PolicyProviders\Sidecar"), "TrackingPoliciesCreated", 1);
        self.value(&format!(r"{tracking}\Tracking\Sidecar\Win32App_{id}_1"), "InstallationState", state);
    }

    fn connector(&mut self, at: Timestamp, id: u32, dimensions: &Value) {
        let outcome = if id == 30130 { "Success" } else { "Failure" };
        let metric = json!({ "Metric": { "Dimensions": dimensions,
            "Name": format!("RequestOfflineDomainJoinBlob_{outcome}"), "Value": 0 } });
        let level = if id == 30130 { Level::Information } else { Level::Error };
        let record = EventRecord::new(Provider::Connector, id)
            .with_level(level)
            .with_computer("CONNECTOR-1")
            .with_field("", metric.to_string());
        self.push(Part::ConnectorLog, at, record);
    }
}

/// The name of the file that a channel is exported to.
fn log_file(channel: &str) -> String {
    format!("{}.evtx", channel.to_lowercase().replace('/', "-"))
}
