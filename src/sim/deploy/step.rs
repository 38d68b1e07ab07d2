//! The steps of a deployment.

use std::time::Duration;

use crate::sim::resource::mdm::INTUNE_POLICY;
use crate::sim::resource::targeting::targeting;
use crate::sim::resource::{directory_device, event};
use crate::sim::rows::{
    Cause, Computer, ComputerRefusal, ComputerRequest, DeploymentPhase, DeviceStory, Entity, Identity,
    PendingJoin, PowerOnOptions, Run, StatusPage, StoryEvent,
};
use crate::sim::state::{Due, State};
use crate::sim::store::{Body, Word, body, date, later};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const MINUTE: Duration = Duration::from_secs(60);

/// Intune's version string for Windows.
const OS_VERSION: &str = "10.0.26100.4061";

impl State {
    /// Switches a device on. Ends its previous deployment.
    pub(crate) fn power_on(&mut self, power_on: PowerOnOptions) {
        let id = self.guid();
        let serial = power_on.serial.to_lowercase();
        if let Some(old) = self.deployments.by_serial.insert(serial, id.clone()) {
            self.deployments.runs.remove(&old);
        }
        let story = DeviceStory::new(power_on.serial.clone(), self.tenant_id.clone());
        let mut run = Run {
            power_on,
            phase: DeploymentPhase::Starting,
            cause: None,
            started: self.now,
            ended: None,
            identity: String::new(),
            profile: String::new(),
            hybrid: false,
            skips_check: false,
            user: String::new(),
            event: None,
            managed: None,
            computer: None,
            join: PendingJoin::default(),
            since: self.now,
            hybrid_device: None,
            page: StatusPage::default(),
            story,
        };
        self.note(&mut run, StoryEvent::Started);
        self.deployments.runs.insert(id.clone(), run);
        self.plan(self.options.timing.profile_download, Due::DeploymentMoves(id));
    }

    /// Executes the next step of a deployment.
    pub(crate) fn move_deployment(&mut self, id: &str) {
        let Some(mut run) = self.deployments.runs.remove(id) else { return };
        let next = match run.phase {
            DeploymentPhase::Starting => self.find_profile(&mut run),
            DeploymentPhase::Enrolling => self.enroll(&mut run),
            DeploymentPhase::JoiningDomain => self.join_domain(id, &mut run),
            DeploymentPhase::DeviceSetup => self.end_device_setup(&mut run),
            DeploymentPhase::AccountSetup => self.go_on_with_account(&mut run),
            DeploymentPhase::Finished | DeploymentPhase::Failed => Ok(None),
        };
        self.go_on(id, run, next);
    }

    /// Plans the next step.
    fn go_on(&mut self, id: &str, mut run: Run, next: Result<Option<Duration>, Cause>) {
        match next {
            Ok(Some(wait)) => self.plan(wait, Due::DeploymentMoves(id.to_owned())),
            Ok(None) => {}
            Err(cause) => self.fail(&mut run, cause),
        }
        self.deployments.runs.insert(id.to_owned(), run);
    }

    fn find_profile(&mut self, run: &mut Run) -> Result<Option<Duration>, Cause> {
        let registered = |of: &&Identity| !of.deleting;
        let found =
            self.identities.find("serialNumber", &run.power_on.serial).map(|(_, of)| of).find(registered);
        let identity = found.ok_or(Cause::NotRegistered)?;
        if identity.hardware_changed.is_some() {
            return Err(Cause::HardwareChanged);
        }
        let (profile, _) = targeting(self, identity).assigned.ok_or(Cause::NoProfile)?;
        run.identity.clone_from(&identity.id);
        run.profile = profile.to_owned();
        let assigned_user = identity.upn.clone();
        let assigned_user_is_set = !assigned_user.is_empty();
        let device_id = identity.device_id.clone();
        let profile = self.profiles.get(&run.profile).ok_or(Cause::NoProfile)?;
        run.hybrid = profile.type_name == "activeDirectoryWindowsAutopilotDeploymentProfile";
        run.skips_check = profile.flag("hybridAzureADJoinSkipConnectivityCheck");
        let first = || self.directory.users.iter().find(|of| of.licensed).map(|of| of.upn().to_owned());
        let assigned = Some(assigned_user).filter(|upn| !upn.is_empty());
        run.user = run.power_on.user.clone().or(assigned).or_else(first).unwrap_or_default();
        let (name, user_assigned) = (profile.text("displayName").to_owned(), assigned_user_is_set);
        run.story.registration_id = Some(run.identity.clone());
        run.story.anchor_device_id = Some(device_id);
        run.story.user = Some(run.user.clone()).filter(|user| !user.is_empty());
        let (hybrid, skips_check) = (run.hybrid, run.skips_check);
        self.note(run, StoryEvent::ProfileDownloaded { name, hybrid, skips_check, user_assigned });
        let now = self.now;
        self.identities.update(&run.identity, |identity| identity.last_contacted = Some(now));
        self.enter(run, DeploymentPhase::Enrolling);
        Ok(Some(self.options.timing.enrollment))
    }

    fn enroll(&mut self, run: &mut Run) -> Result<Option<Duration>, Cause> {
        let user = self.directory.user(&run.user).ok_or(Cause::NoLicense)?;
        let obstacle = self.enrollment_obstacle(user);
        // Who is out of scope never comes as far as Intune.
        if obstacle == Some(Cause::MdmScope) {
            return Err(Cause::MdmScope);
        }
        let user_id = user.id.clone();
        let row = self.first_event(run, &user_id);
        let event = self.guid();
        self.events.insert(Entity::new(event.clone(), "deviceManagementAutopilotEvent", row));
        run.event = Some(event);
        if let Some(obstacle) = obstacle {
            return Err(obstacle);
        }
        let managed = self.make_managed_device(run, &user_id);
        run.managed = Some(managed.clone());
        run.story.managed_device_id = Some(managed.clone());
        if let Some(device) = self.managed.get(&managed) {
            run.story.initial_name = device.text("deviceName").to_owned();
        }
        self.note(run, StoryEvent::Enrolled);
        self.update_event(
            run,
            [
                ("deviceId", managed.into()),
                ("enrollmentState", "enrolled".into()),
                ("deploymentState", "inProgress".into()),
            ],
        );
        if run.hybrid {
            let needs_domain_controller = !run.skips_check;
            self.note(run, StoryEvent::JoinAwaited { needs_domain_controller });
            self.enter(run, DeploymentPhase::JoiningDomain);
            return Ok(Some(self.options.timing.domain_join));
        }
        self.start_device_setup(run)
    }

    fn join_domain(&mut self, id: &str, run: &mut Run) -> Result<Option<Duration>, Cause> {
        let configuration = match self.domain_join_of(run) {
            Ok(configuration) => configuration,
            Err(cause) if cause.waits() => {
                let left = self.left(run.since, self.options.timing.domain_join_timeout);
                return if left.is_zero() { Err(cause) } else { Ok(Some(left.min(MINUTE))) };
            }
            Err(cause) => return Err(cause),
        };
        let name = self.computer_name(&configuration);
        run.story.domain = Some(configuration.text("activeDirectoryDomainName").to_owned());
        let unit = configuration.text("organizationalUnit");
        let computer = Computer {
            name: name.clone(),
            domain: configuration.text("activeDirectoryDomainName").to_owned(),
            organizational_unit: (!unit.is_empty()).then(|| unit.to_owned()),
        };
        let configuration = configuration.text("displayName");
        if self.options.computer_accounts.is_some() {
            run.join.request = Some(self.deployments.requests.add(id, computer, configuration));
            return Ok(None);
        }
        self.deployments.computers.push(computer);
        self.apply_domain_join(id, run, name, configuration)
    }

    /// Returns the oldest request for a computer whose device still waits, and starts the device's timeout.
    pub(crate) fn ask_for_computer(&mut self) -> Option<ComputerRequest> {
        loop {
            let request = self.deployments.requests.first()?.clone();
            let (run, number) = (request.run.clone(), request.number);
            if self.waits_for(&run, number) {
                self.plan(
                    self.options.timing.domain_join_timeout,
                    Due::JoinTimesOut { run, request: number },
                );
                return Some(request);
            }
            self.deployments.requests.remove(&request);
        }
    }

    /// Processes the answer to a request for a computer. A device that has given up does not get it.
    pub(crate) fn answer_computer(&mut self, request: ComputerRequest, answer: Result<(), ComputerRefusal>) {
        if !self.deployments.requests.remove(&request) {
            return;
        }
        if answer.is_ok() {
            self.deployments.computers.push(request.computer.clone());
        }
        if !self.waits_for(&request.run, request.number) {
            return;
        }
        let Some(mut run) = self.deployments.runs.remove(&request.run) else { return };
        run.join.request = None;
        let next = match answer {
            Ok(()) => {
                self.apply_domain_join(&request.run, &mut run, request.computer.name, &request.configuration)
            }
            Err(refusal) => {
                let cause = Cause::of(&refusal);
                run.join.refusal = Some(refusal);
                Err(cause)
            }
        };
        self.go_on(&request.run, run, next);
    }

    /// Ends a deployment that still waits for this answer.
    pub(crate) fn time_out_join(&mut self, id: &str, number: u64) {
        if !self.waits_for(id, number) {
            return;
        }
        let Some(mut run) = self.deployments.runs.remove(id) else { return };
        run.join.request = None;
        self.go_on(id, run, Err(Cause::NoAnswer));
    }

    fn waits_for(&self, id: &str, number: u64) -> bool {
        self.deployments.runs.get(id).is_some_and(|run| run.join.request == Some(number))
    }

    /// Gives a device its new name, and starts device setup.
    fn apply_domain_join(
        &mut self,
        id: &str,
        run: &mut Run,
        name: String,
        configuration: &str,
    ) -> Result<Option<Duration>, Cause> {
        run.story.computer_name = Some(name.clone());
        if !run.power_on.reaches_domain && !run.skips_check {
            return Err(Cause::NoDomainController);
        }
        self.note(run, StoryEvent::AccountCreated);
        self.note(run, StoryEvent::BlobApplied);
        if !run.skips_check {
            self.note(run, StoryEvent::DomainControllerSought { code: 0 });
        }
        self.note(run, StoryEvent::Restarted);
        let text = "The device object by the given id is not found.".to_owned();
        self.note(run, StoryEvent::RegistrationFailed { code: 0x801c_03f2, text });
        run.computer = Some(name.clone());
        self.change_managed(
            run,
            [("deviceName", name.clone().into()), ("managedDeviceName", name.clone().into())],
        );
        self.update_event(run, [("managedDeviceName", name.into())]);
        if let Some(event) = &run.event {
            event::note_policy(self, event, "configurationPolicy", configuration, "compliant");
        }
        if let Some(cycle) = self.options.timing.entra_connect {
            let at = self.next_cycle(cycle);
            self.plan_at(at, Due::HybridDeviceAppears(id.to_owned()));
        }
        self.start_device_setup(run)
    }

    fn start_device_setup(&mut self, run: &mut Run) -> Result<Option<Duration>, Cause> {
        let (page, id, name) = self.page_of(run);
        run.page = page;
        self.enter(run, DeploymentPhase::DeviceSetup);
        if let Some(event) = run.event.clone().filter(|_| run.page.shows) {
            for app in self.apps_of_page(&id) {
                event::note_policy(self, &event, "application", &app, "notInstalled");
            }
        }
        let minutes = run.page.timeout.as_secs() / 60;
        let started = StoryEvent::PageStarted {
            timeout_minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
            blocks: run.page.blocks,
            skips_account: run.page.skips_account,
        };
        self.note(run, if run.page.shows { started } else { StoryEvent::PageSkipped });
        let status = if run.page.shows { "inProgress" } else { "disabled" };
        self.update_event(
            run,
            [
                ("deviceSetupStatus", status.into()),
                ("windows10EnrollmentCompletionPageConfigurationId", id.into()),
                ("windows10EnrollmentCompletionPageConfigurationDisplayName", name.into()),
            ],
        );
        Ok(Some(if run.page.shows {
            self.device_setup_time(run).min(run.page.timeout)
        } else {
            Duration::ZERO
        }))
    }

    fn end_device_setup(&mut self, run: &mut Run) -> Result<Option<Duration>, Cause> {
        if run.page.shows {
            let late = self.device_setup_time(run) > run.page.timeout;
            let taken = span(run.since, self.now);
            let status = match (late, run.page.blocks) {
                (false, _) => "success",
                (true, false) => "successWithTimeout",
                (true, true) => "failure",
            };
            self.update_event(run, [("deviceSetupStatus", status.into()), ("deviceSetupDuration", taken)]);
            if let Some(event) = run.event.as_ref().filter(|_| !late) {
                event::note_apps_installed(self, event);
            }
            if late && run.page.blocks {
                return Err(Cause::DeviceSetupTimeout);
            }
            run.page.timed_out = late;
            self.note(run, if late { StoryEvent::DeviceSetupTimedOut } else { StoryEvent::DeviceSetupDone });
        }
        self.enter(run, DeploymentPhase::AccountSetup);
        Ok(Some(self.options.timing.sign_in))
    }

    /// Continues after the sign-in: account setup begins, waits for the hybrid device, and ends.
    fn go_on_with_account(&mut self, run: &mut Run) -> Result<Option<Duration>, Cause> {
        let signed_in = later(run.since, self.options.timing.sign_in);
        self.note_once(run, StoryEvent::SignedIn);
        if !run.page.shows || run.page.skips_account {
            self.update_event(
                run,
                [("accountSetupStatus", if run.page.shows { "notAttempted" } else { "disabled" }.into())],
            );
            self.finish(run);
            return Ok(None);
        }
        self.note_once(run, StoryEvent::AccountSetupStarted);
        let ready = match &run.hybrid_device {
            _ if !run.hybrid => Some(signed_in),
            Some(device) => self.directory.devices.get(device).map(|of| of.created.max(signed_in)),
            None => None,
        };
        self.update_event(run, [("accountSetupStatus", "inProgress".into())]);
        let ends = ready.map(|ready| later(ready, self.options.timing.account_setup));
        if ends.is_some_and(|at| at <= self.now) {
            let taken = span(signed_in, self.now);
            self.update_event(
                run,
                [("accountSetupStatus", "success".into()), ("accountSetupDuration", taken)],
            );
            self.note(run, StoryEvent::AccountSetupDone);
            self.finish(run);
            return Ok(None);
        }
        let left = self.left(signed_in, run.page.timeout);
        if left.is_zero() {
            let taken = span(signed_in, self.now);
            self.update_event(
                run,
                [("accountSetupStatus", "failure".into()), ("accountSetupDuration", taken)],
            );
            return Err(Cause::AccountSetupTimeout);
        }
        let wait = ends.map_or(MINUTE, |at| self.until(at));
        Ok(Some(wait.min(left).max(Duration::from_secs(1))))
    }

    /// Adds the computer object synchronized by Entra Connect: the device's second object.
    pub(crate) fn show_hybrid_device(&mut self, id: &str) {
        let Some(mut run) = self.deployments.runs.remove(id) else { return };
        if let Some(name) = run.computer.clone() {
            let others = body([
                ("onPremisesSyncEnabled", true.into()),
                ("onPremisesLastSyncDateTime", date(Some(self.now))),
                (
                    "onPremisesSecurityIdentifier",
                    format!("S-1-5-21-1004336348-1177238915-682003330-{}", self.rng.u32(1100..99999)).into(),
                ),
                ("operatingSystemVersion", OS_VERSION.into()),
                ("isManaged", true.into()),
                ("profileType", "RegisteredDevice".into()),
            ]);
            let device = directory_device::insert(self, &name, Some("ServerAd"), Vec::new(), others, None);
            let device_id = self.directory.devices.get(&device).map(|of| of.device_id.clone());
            if let Some(device_id) = device_id {
                self.note(&mut run, StoryEvent::Registered { device_id });
            }
            run.hybrid_device = Some(device);
            if run.phase == DeploymentPhase::Finished {
                self.point_at_hybrid_device(&run);
            }
        }
        self.deployments.runs.insert(id.to_owned(), run);
    }

    fn finish(&mut self, run: &mut Run) {
        self.enter(run, DeploymentPhase::Finished);
        run.ended = Some(self.now);
        self.note(run, StoryEvent::Finished);
        let state = if run.page.timed_out { "successWithTimeout" } else { "success" };
        self.update_event(
            run,
            [("deploymentState", state.into()), ("deploymentEndDateTime", date(Some(self.now)))],
        );
        self.change_managed(run, [("complianceState", "compliant".into())]);
        self.point_at_hybrid_device(run);
    }

    /// Links the managed device to the hybrid device, as the first sign-in does.
    fn point_at_hybrid_device(&mut self, run: &Run) {
        let Some(device) = run.hybrid_device.as_ref().and_then(|id| self.directory.devices.get(id)) else {
            return;
        };
        let id = Value::from(device.device_id.clone());
        self.change_managed(
            run,
            [
                ("azureADDeviceId", id.clone()),
                ("azureActiveDirectoryDeviceId", id),
                ("joinType", "hybridAzureADJoined".into()),
                ("azureADRegistered", true.into()),
                ("deviceRegistrationState", "registered".into()),
            ],
        );
    }

    fn fail(&mut self, run: &mut Run, cause: Cause) {
        let in_page = matches!(run.phase, DeploymentPhase::DeviceSetup | DeploymentPhase::AccountSetup);
        if !in_page && run.event.is_some() {
            self.update_event(run, [("enrollmentState", "failed".into())]);
            self.identities.update(&run.identity, |identity| identity.enrollment_state = Word("failed"));
        }
        run.phase = DeploymentPhase::Failed;
        run.cause = Some(cause);
        self.note_failure(run, cause);
        run.ended = Some(self.now);
        self.update_event(
            run,
            [
                ("deploymentState", "failure".into()),
                ("deploymentEndDateTime", date(Some(self.now))),
                ("enrollmentFailureDetails", cause.code().into()),
            ],
        );
    }

    fn enter(&self, run: &mut Run, phase: DeploymentPhase) {
        run.phase = phase;
        run.since = self.now;
    }

    /// Returns the names of the apps that a status page waits for.
    fn apps_of_page(&self, page: &str) -> Vec<String> {
        let page = self.enrollment.get(page);
        let ids = page.and_then(|page| page.body.get("selectedMobileAppIds")).and_then(Value::as_array);
        let apps = ids.into_iter().flatten().filter_map(Value::as_str).filter_map(|id| self.apps.get(id));
        apps.map(|app| app.text("displayName").to_owned()).collect()
    }

    fn device_setup_time(&self, run: &Run) -> Duration {
        let timing = &self.options.timing;
        let updates = if run.page.quality_updates { timing.quality_updates } else { Duration::ZERO };
        run.power_on.device_setup.unwrap_or(timing.device_setup) + updates
    }

    /// Returns the time until `since` plus `limit`.
    fn left(&self, since: Timestamp, limit: Duration) -> Duration {
        self.until(later(since, limit))
    }

    fn until(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.now)).unwrap_or(Duration::ZERO)
    }

    /// Returns the time of Entra Connect's next run.
    fn next_cycle(&self, cycle: Duration) -> Timestamp {
        let past = Duration::try_from(self.now.duration_since(self.created)).unwrap_or_default();
        let cycle = cycle.max(Duration::from_secs(1));
        let into = past.as_secs() % cycle.as_secs().max(1);
        later(self.now, Duration::from_secs(cycle.as_secs() - into))
    }

    /// Creates a computer name from a prefix and random letters, within the length limit.
    fn computer_name(&mut self, configuration: &Entity) -> String {
        let count =
            usize::try_from(configuration.number("computerNameSuffixRandomCharCount")).unwrap_or_default();
        let mut name: String = configuration.text("computerNameStaticPrefix").to_owned();
        for _ in 0..count {
            name.push(self.rng.alphanumeric());
        }
        name.chars().take(15).collect()
    }

    fn make_managed_device(&mut self, run: &Run, user_id: &str) -> String {
        let id = self.guid();
        let Some(identity) = self.identities.get(&run.identity).cloned() else { return id };
        if let Some(old) = &identity.managed_device {
            self.managed.remove(old);
        }
        let profile =
            self.profiles.get(&run.profile).map(|of| of.text("displayName").to_owned()).unwrap_or_default();
        let user = self.directory.users.get(user_id).map(|of| of.body.clone()).unwrap_or_default();
        let of_user = |name: &str| user.get(name).cloned().unwrap_or_default();
        let suffix: String = (0..7).map(|_| self.rng.alphanumeric().to_ascii_uppercase()).collect();
        let name = format!("DESKTOP-{suffix}");
        let now = date(Some(self.now));
        let managed = body([
            ("autopilotEnrolled", true.into()),
            ("azureADDeviceId", identity.device_id.clone().into()),
            ("azureADRegistered", (!run.hybrid).into()),
            ("azureActiveDirectoryDeviceId", identity.device_id.clone().into()),
            ("complianceState", "unknown".into()),
            ("deviceEnrollmentType", "windowsAutoEnrollment".into()),
            ("deviceName", name.clone().into()),
            ("deviceRegistrationState", if run.hybrid { "notRegistered" } else { "registered" }.into()),
            ("emailAddress", of_user("mail")),
            ("enrolledDateTime", now.clone()),
            ("enrollmentProfileName", profile.clone().into()),
            ("ethernetMacAddress", "".into()),
            ("freeStorageSpaceInBytes", 183_000_000_000_i64.into()),
            ("isEncrypted", false.into()),
            ("joinType", if run.hybrid { "unknown" } else { "azureADJoined" }.into()),
            ("lastSyncDateTime", now),
            ("managedDeviceName", name.into()),
            ("managedDeviceOwnerType", "company".into()),
            ("managementAgent", "mdm".into()),
            ("managementState", "managed".into()),
            ("manufacturer", identity.manufacturer.clone().into()),
            ("model", identity.model.clone().into()),
            ("notes", Value::Null),
            ("operatingSystem", "Windows".into()),
            ("osVersion", OS_VERSION.into()),
            ("ownerType", "company".into()),
            ("physicalMemoryInBytes", 17_179_869_184_i64.into()),
            ("serialNumber", identity.serial.clone().into()),
            ("skuFamily", "Enterprise".into()),
            ("totalStorageSpaceInBytes", 255_000_000_000_i64.into()),
            ("userDisplayName", of_user("displayName")),
            ("userId", user_id.into()),
            ("userPrincipalName", of_user("userPrincipalName")),
            ("wiFiMacAddress", "".into()),
        ]);
        self.managed.insert(Entity::new(id.clone(), "managedDevice", managed));
        let now = self.now;
        self.identities.update(&run.identity, |of| {
            of.managed_device = Some(id.clone());
            of.enrollment_state = Word("enrolled");
            of.last_contacted = Some(now);
        });
        directory_device::change(self, &identity.anchor, |device| {
            for (name, value) in [
                ("enrollmentProfileName", Value::from(profile)),
                ("isManaged", true.into()),
                ("manufacturer", identity.manufacturer.into()),
                ("model", identity.model.into()),
                ("mdmAppId", INTUNE_POLICY.into()),
                ("operatingSystemVersion", OS_VERSION.into()),
            ] {
                device.others.insert(name.to_owned(), value);
            }
        });
        id
    }

    fn first_event(&self, run: &Run, user_id: &str) -> Body {
        let identity = self.identities.get(&run.identity);
        let profile = self.profiles.get(&run.profile).map(|of| of.text("displayName").to_owned());
        let kind = if run.hybrid { "offlineDomainJoined" } else { "azureADJoinedWithAutopilotProfile" };
        let now = date(Some(self.now));
        let mut row = event::new_event(self);
        row.extend(body([
            ("accountSetupStatus", "notAttempted".into()),
            ("deploymentStartDateTime", now.clone()),
            ("deviceRegisteredDateTime", date(identity.map(|of| of.created))),
            ("deviceSerialNumber", run.power_on.serial.clone().into()),
            ("deviceSetupStatus", "notAttempted".into()),
            ("enrollmentStartDateTime", now),
            ("enrollmentType", kind.into()),
            ("osVersion", OS_VERSION.into()),
            ("userId", user_id.into()),
            ("userPrincipalName", run.user.clone().into()),
            ("windowsAutopilotDeploymentProfileDisplayName", profile.into()),
        ]));
        row
    }

    /// Updates the row of a deployment, with its duration so far.
    fn update_event<const N: usize>(&mut self, run: &Run, properties: [(&str, Value); N]) {
        let (started, now) = (run.started, self.now);
        let Some(event) = &run.event else { return };
        self.events.update(event, |of| {
            of.body.extend(body(properties));
            let begun = of.text("deploymentStartDateTime").parse().unwrap_or(now);
            of.set("deploymentDuration", span(begun, now));
            of.set("deploymentTotalDuration", span(started, now));
        });
    }

    fn change_managed<const N: usize>(&mut self, run: &Run, properties: [(&str, Value); N]) {
        let now = date(Some(self.now));
        let Some(managed) = &run.managed else { return };
        self.managed.update(managed, |of| {
            of.body.extend(body(properties));
            of.set("lastSyncDateTime", now);
        });
    }
}

/// Returns a span as Graph writes it: `PT15M`.
fn span(from: Timestamp, to: Timestamp) -> Value {
    let seconds: SignedDuration = to.duration_since(from);
    seconds.to_string().into()
}
