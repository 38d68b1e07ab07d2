//! Kinds of findings about the evidence of a deployment.

use crate::model::finding_kinds;

const CONNECTOR_PAGE: &str =
    "find the Windows error code in the connector's log and in netsetup.log on its server";
const ENDPOINTS: &str = "make sure that the device can reach Microsoft's endpoints without a proxy that requires \
    sign-in or inspects TLS";
const TO_DOMAIN_CONTROLLER: &str = "connect the device to a network from which it can reach a domain controller: DNS \
    servers that can resolve the domain, and ports 53, 88, 135, 389, 445 and the dynamic RPC ports; or skip the check \
    in the profile and deploy a VPN that connects before sign-in";

finding_kinds! {
    /// A device that is not registered, or whose registration has not been processed yet.
    EVIDENCE_NOT_REGISTERED = "evidence.not-registered", Error,
        "import the device's hardware hash, wait until a profile is assigned, and restart the setup";
    /// A registered device without a profile.
    EVIDENCE_NO_PROFILE = "evidence.no-profile", Error,
        "assign a profile to a group that the device is in, wait until its status is assigned, and restart the setup";
    /// Hardware that differs from the registered hardware.
    EVIDENCE_HARDWARE_CHANGED = "evidence.hardware-changed", Error,
        "delete the registration, capture the hardware hash again and import it";
    /// A rejection by the deployment service with a code that no other finding covers.
    EVIDENCE_PROFILE_REFUSED = "evidence.profile-refused", Error,
        "look up the code; if the registration is the problem, delete it and import the device again";
    /// An empty profile in the device's cache.
    EVIDENCE_EMPTY_PROFILE = "evidence.empty-profile", Error,
        "wait until the profile is assigned, and restart the device: it fetches the profile again";
    /// A Microsoft Account Sign-in Assistant that is not running on the device.
    EVIDENCE_SIGN_IN_ASSISTANT_OFF = "evidence.sign-in-assistant-off", Error,
        "start the Microsoft Account Sign-in Assistant (wlidsvc): Windows fetches the profile through it";
    /// A profile download that failed because of the network.
    EVIDENCE_PROFILE_UNREACHABLE = "evidence.profile-unreachable", Error, ENDPOINTS;
    /// A profile for Microsoft Entra join, not hybrid join.
    EVIDENCE_NOT_HYBRID_PROFILE = "evidence.not-hybrid-profile", Error,
        "keep the device only in the group of the hybrid join profile, and reset it";
    /// A device name template in a hybrid join profile, which has no effect.
    EVIDENCE_NAME_TEMPLATE = "evidence.name-template", Info,
        "clear the template: the name comes from the domain join profile";
    /// A user from a tenant other than the device's.
    EVIDENCE_WRONG_TENANT = "evidence.wrong-tenant", Error,
        "sign in as a user of the tenant that the device is registered in, or register it in the user's tenant";
    /// A profile from a file in the image instead of the one from the service.
    EVIDENCE_OFFLINE_PROFILE = "evidence.offline-profile", Warning,
        "register the device, and remove AutopilotConfigurationFile.json from the image";
    /// An offline profile that Windows could not read.
    EVIDENCE_OFFLINE_PROFILE_INVALID = "evidence.offline-profile-invalid", Error,
        "register the device; or save AutopilotConfigurationFile.json as ANSI, with the tenant's ids";
    /// A user who was assigned to the device in advance.
    EVIDENCE_USER_ASSIGNED = "evidence.user-assigned", Error,
        "unassign the user from the device, wait for the profile to be assigned again, and reset the device";
    /// A Windows build that is too old for hybrid join with Autopilot.
    EVIDENCE_BUILD_TOO_OLD = "evidence.build-too-old", Error, "install an image of Windows 10 1809 (17763) or later";

    /// A user without a license, or with too many devices.
    EVIDENCE_NO_LICENSE = "evidence.no-license", Error,
        "give the user a license that includes Intune, or delete devices that the user no longer has";
    /// An enrollment blocked by a restriction or an earlier registration.
    EVIDENCE_ENROLLMENT_RESTRICTED = "evidence.enrollment-restricted", Error,
        "allow Windows (MDM) in the enrollment restriction that applies to the user; if it is allowed, unblock the \
         device";
    /// A user outside the MDM user scope, or with a sign-in name in an unverified domain.
    EVIDENCE_NOT_IN_MDM_SCOPE = "evidence.not-in-mdm-scope", Error,
        "add the user to the MDM user scope, and give the user a sign-in name in a verified domain";
    /// Several MDM applications that apply to the user.
    EVIDENCE_SEVERAL_MDM_APPS = "evidence.several-mdm-apps", Error,
        "remove the user from the MDM user scope of every application except Intune";
    /// A registration whose object in Microsoft Entra was deleted.
    EVIDENCE_ANCHOR_MISSING = "evidence.anchor-missing", Error,
        "delete the registration, import the device again, and leave its object in Microsoft Entra alone";
    /// A device with Windows Home.
    EVIDENCE_WINDOWS_HOME = "evidence.windows-home", Error, "install Windows Pro, Enterprise or Education";
    /// A device with the classic Intune PC agent.
    EVIDENCE_INTUNE_AGENT = "evidence.intune-agent", Error, "install an image without the Intune PC agent";
    /// A device or an image that is already enrolled.
    EVIDENCE_ENROLLED_ALREADY = "evidence.enrolled-already", Error,
        "remove the earlier enrollment, or install a clean image";
    /// A join that the server rejected, because of the TPM or because two profiles apply.
    EVIDENCE_JOIN_REFUSED = "evidence.join-refused", Error,
        "keep the device in only one group with a profile; if it already is, update the firmware of its TPM";
    /// A user who has reached the device limit or is not allowed to join devices.
    EVIDENCE_DEVICE_LIMIT = "evidence.device-limit", Error,
        "delete devices that the user no longer has, or raise the limit; let the user join devices to Microsoft Entra";
    /// A TPM failure in a user-driven hybrid join, which does not need the TPM.
    EVIDENCE_TPM_NOT_NEEDED = "evidence.tpm-not-needed", Info,
        "no action needed: user-driven mode needs no attestation; look at the other findings";
    /// A sign-in for enrollment that conditional access may have blocked.
    EVIDENCE_CONDITIONAL_ACCESS = "evidence.conditional-access", Warning,
        "exclude Microsoft Intune Enrollment from the conditional access policies, and try again";
    /// An enrollment by group policy instead of Autopilot.
    EVIDENCE_GROUP_POLICY_ENROLLMENT = "evidence.group-policy-enrollment", Warning,
        "deploy the device with Autopilot, because an enrollment by group policy shows no status page; or turn the \
         page off for the group";
    /// The Windows bug that makes hybrid joins fail with 0x80004005.
    EVIDENCE_WINDOWS_FAULT = "evidence.windows-fault", Error,
        "install KB5065789 (25H2), KB5065426 (24H2), KB5070312 (23H2) or a later update in the image";
    /// A failed enrollment whose cause the evidence does not show.
    EVIDENCE_ENROLLMENT_FAILED = "evidence.enrollment-failed", Warning,
        "look up the code; check license, MDM scope, enrollment restrictions and conditional access";

    /// A device that could not reach a domain controller after it applied its blob.
    EVIDENCE_NO_DOMAIN_CONTROLLER = "evidence.no-domain-controller", Error, TO_DOMAIN_CONTROLLER;
    /// A request for a domain join blob that never reached a connector.
    EVIDENCE_NO_REQUEST = "evidence.no-request", Error,
        "assign a domain join profile to a group that contains the device, and check that a connector of its domain \
         is active";
    /// A computer account that the connector could not create.
    EVIDENCE_CONNECTOR_FAILED = "evidence.connector-failed", Error, CONNECTOR_PAGE;
    /// A connector without the right to create computers in the organizational unit.
    EVIDENCE_NO_RIGHT_ON_UNIT = "evidence.no-right-on-unit", Error,
        "delegate the creation and deletion of computers in the organizational unit to the connector's account, and \
         list the unit in the connector's configuration";
    /// A connector that cannot look up the address of its service.
    EVIDENCE_CONNECTOR_PROXY = "evidence.connector-proxy", Error,
        "set the proxy in ODJConnectorSvc.exe.config on the connector's server, and restart the service";
    /// A machine account quota that is used up.
    EVIDENCE_ACCOUNT_QUOTA = "evidence.account-quota", Error,
        "delegate the organizational unit to the connector's account: the quota then does not apply";
    /// A computer account with the device's name but a different owner.
    EVIDENCE_ACCOUNT_REUSE = "evidence.account-reuse", Error,
        "delete the old computer account, or add its owner to the policy that allows account reuse";
    /// A computer name that already exists.
    EVIDENCE_NAME_EXISTS = "evidence.name-exists", Warning,
        "give the domain join profile a shorter prefix, and delete old computer accounts";
    /// A connector that cannot reach a domain controller of its domain.
    EVIDENCE_CONNECTOR_NO_DOMAIN = "evidence.connector-no-domain", Error,
        "check DNS servers, routes and trusts between the connector's server and the domain";
    /// An organizational unit that the connector did not find.
    EVIDENCE_UNIT_NOT_FOUND = "evidence.unit-not-found", Warning,
        "set the full distinguished name of an existing organizational unit in the domain join profile";
    /// A domain in the domain join profile that is not the connector's.
    EVIDENCE_OTHER_DOMAIN = "evidence.other-domain", Error,
        "correct the domain in the domain join profile, or install a connector in that domain";
    /// A connector version that the service no longer supports.
    EVIDENCE_CONNECTOR_OUTDATED = "evidence.connector-outdated", Error,
        "install the current Intune Connector: versions before 6.2501.2000.5 are no longer supported";
    /// A connector service that did not start.
    EVIDENCE_CONNECTOR_SERVICE = "evidence.connector-service", Warning,
        "repair the managed service account of the connector, and start the service";
    /// A blob that the connector sent but the device did not receive.
    EVIDENCE_BLOB_NOT_DELIVERED = "evidence.blob-not-delivered", Warning,
        "check that the device's sessions with Intune succeed, and try again";
    /// A blob that the device could not apply.
    EVIDENCE_BLOB_NOT_APPLIED = "evidence.blob-not-applied", Error,
        "look up the code: either the image is already joined to a domain (install a clean image), or the computer \
         name is in use";
    /// A VPN that did not connect during setup.
    EVIDENCE_VPN_FAILED = "evidence.vpn-failed", Error,
        "deploy a device tunnel or a VPN that connects before sign-in; to confirm the cause, try once on the office \
         network";
    /// A sign-in that could not reach a domain controller, after the check for one was skipped.
    EVIDENCE_CHECK_SKIPPED = "evidence.check-skipped", Error,
        "make the VPN usable at the sign-in screen: the first sign-in needs a domain controller";
    /// A domain join that did not begin.
    EVIDENCE_JOIN_NOT_BEGUN = "evidence.join-not-begun", Warning,
        "check the enrollment status page and the profile's log: the setup ended earlier, or the log is \
         truncated";
    /// A device that did not restart after its domain join.
    EVIDENCE_NO_RESTART = "evidence.no-restart", Warning, "restart the device";
    /// A domain join step that failed in Windows.
    EVIDENCE_JOIN_STEP_FAILED = "evidence.join-step-failed", Error, "look up the code of the step";
    /// A DNS server that cannot resolve the domain.
    EVIDENCE_DOMAIN_NOT_RESOLVED = "evidence.domain-not-resolved", Warning,
        "assign DNS servers that can resolve the domain, through DHCP or the VPN";
    /// A timeout while waiting for the domain join.
    EVIDENCE_JOIN_TIME_LIMIT = "evidence.join-time-limit", Info,
        "no action needed for this alone: Windows waits at most about 25 minutes";
    /// A failed domain join whose cause the evidence does not show.
    EVIDENCE_DOMAIN_JOIN_FAILED = "evidence.domain-join-failed", Warning,
        "collect what is missing: the device's MDM logs, and the log of the Intune Connector on its server";

    /// An app that failed on the enrollment status page.
    EVIDENCE_APP_FAILED = "evidence.app-failed", Error,
        "use the exit code to fix the app, or remove it from the apps that the page waits for";
    /// An installed app that its detection rule does not find.
    EVIDENCE_APP_NOT_DETECTED = "evidence.app-not-detected", Error,
        "correct the detection rule: architecture, path and version";
    /// A line-of-business package that failed.
    EVIDENCE_PACKAGE_FAILED = "evidence.package-failed", Error, "read the log of the installer named in the record";
    /// App content that could not be downloaded.
    EVIDENCE_CONTENT_UNREACHABLE = "evidence.content-unreachable", Error,
        "make sure that the device can reach the delivery network and Delivery Optimization without going through the \
         proxy";
    /// Two installers that ran at the same time.
    EVIDENCE_TWO_INSTALLERS = "evidence.two-installers", Error,
        "repackage line-of-business apps as Win32 apps, so that one agent installs them all";
    /// A device page that timed out.
    EVIDENCE_DEVICE_PAGE_TIMED_OUT = "evidence.device-page-timed-out", Error,
        "give the enrollment status page more time, or fewer apps to wait for";
    /// A user page that timed out.
    EVIDENCE_USER_PAGE_TIMED_OUT = "evidence.user-page-timed-out", Error,
        "give the enrollment status page more time or fewer apps to wait for; SkipUserStatusPage skips the user page";
    /// A page that the user left before it finished.
    EVIDENCE_CONTINUED_ANYWAY = "evidence.continued-anyway", Warning,
        "assume that the rest of the page did not run, and check which app or policy is missing";
    /// A certificate that the status page waited for but the device did not receive.
    EVIDENCE_CERTIFICATE_FAILED = "evidence.certificate-failed", Error,
        "check the certificate connector, NDES and the chain of trust; or do not block on certificates";
    /// A management extension that was not installed in time.
    EVIDENCE_AGENT_NOT_INSTALLED = "evidence.agent-not-installed", Error,
        "make sure that the device can reach the endpoints of the Intune Management Extension, and make sure that no \
         policy blocks its installer";
    /// An enrollment status page provider that could not be installed.
    EVIDENCE_PROVIDER_FAILED = "evidence.provider-failed", Error,
        "look up the error code of the provider's installation";
    /// A Configuration Manager client instead of the Intune Management Extension.
    EVIDENCE_CONFIGURATION_MANAGER = "evidence.configuration-manager", Error,
        "do not install the Configuration Manager client as an app that the page waits for";
    /// A user page that is skipped.
    EVIDENCE_USER_PAGE_SKIPPED = "evidence.user-page-skipped", Info, "no action needed: this is recommended for \
    hybrid join";
    /// A device without an enrollment status page.
    EVIDENCE_NO_PAGE = "evidence.no-page", Info,
        "assign an enrollment status page, if the user is to wait for policies and apps";
    /// A user page that is waiting for the registration in Microsoft Entra.
    EVIDENCE_PAGE_WAITS_FOR_SYNC = "evidence.page-waits-for-sync", Error,
        "skip the user page with the SkipUserStatusPage policy, or synchronize more often than the default of every \
         30 minutes";
    /// A policy that restarts the device during the enrollment status page.
    EVIDENCE_POLICY_RESTART = "evidence.policy-restart", Warning,
        "assign the policy to users, or only after the page is done: it requires a restart";
    /// A policy that breaks the automatic sign-in of the enrollment status page.
    EVIDENCE_SIGN_IN_BROKEN = "evidence.sign-in-broken", Warning,
        "exclude devices from the policy (DeviceLock, a legal notice, the preferred tenant) until the page is done";
    /// A program that an application control policy blocked during the enrollment status page.
    EVIDENCE_PROGRAM_BLOCKED = "evidence.program-blocked", Warning,
        "allow the Intune Management Extension, or apply the policy later";
    /// A Store app that has no license yet.
    EVIDENCE_STORE_APP = "evidence.store-app", Error,
        "do not wait for Store apps on the page, and exclude the Store from conditional access";
    /// A full disk.
    EVIDENCE_DISK_FULL = "evidence.disk-full", Error, "free up disk space, or use a larger disk";
    /// A failed device page whose cause the evidence does not show.
    EVIDENCE_DEVICE_PAGE_FAILED = "evidence.device-page-failed", Warning,
        "collect the registry and the app logs: they name the app or policy";
    /// A failed user page whose cause the evidence does not show.
    EVIDENCE_USER_PAGE_FAILED = "evidence.user-page-failed", Warning,
        "collect the registry and the app logs: they name the app or policy";

    /// A registration that is waiting for the next synchronization.
    EVIDENCE_WAITS_FOR_SYNC = "evidence.waits-for-sync", Info,
        "wait for the next run of Entra Connect, every 30 minutes by default";
    /// A computer that has still not been synchronized long after it joined.
    EVIDENCE_NOT_SYNCED = "evidence.not-synced", Error,
        "add the organizational unit to the scope of Entra Connect, make sure that userCertificate is exported, and \
         run a synchronization";
    /// A computer whose synchronized certificate differs from its own.
    EVIDENCE_STALE_OBJECT = "evidence.stale-object", Error,
        "wait for the next synchronization; if the error persists, delete the stale object in Microsoft Entra";
    /// A service connection point that is missing or unreadable.
    EVIDENCE_NO_CONNECTION_POINT = "evidence.no-connection-point", Error,
        "configure hybrid join in Entra Connect, or set the connection point on the client";
    /// A computer object that has not been replicated yet.
    EVIDENCE_REPLICATION = "evidence.replication", Error,
        "wait for replication between domain controllers, and check the Active Directory sites";
    /// A registration that could not reach a domain controller.
    EVIDENCE_NO_DOMAIN_CONTROLLER_LATER = "evidence.no-domain-controller-later", Error, TO_DOMAIN_CONTROLLER;
    /// A wrong tenant in the service connection point.
    EVIDENCE_WRONG_CONNECTION_POINT = "evidence.wrong-connection-point", Error,
        "correct the tenant in the service connection point";
    /// A proxy between the device and the registration service.
    EVIDENCE_REGISTRATION_PROXY = "evidence.registration-proxy", Error,
        "configure a proxy for the SYSTEM account, and bypass it for enterpriseregistration.windows.net, \
         login.microsoftonline.com and device.login.microsoftonline.com";
    /// A federation service that does not respond.
    EVIDENCE_FEDERATION = "evidence.federation", Error,
        "enable the WS-Trust endpoints of the federation service, and check its metadata";
    /// A user who is unknown to Microsoft Entra.
    EVIDENCE_USER_UNKNOWN = "evidence.user-unknown", Error,
        "verify the suffix of the user's sign-in name, and synchronize the user";
    /// A device object that is disabled or deleted.
    EVIDENCE_DEVICE_DISABLED = "evidence.device-disabled", Error,
        "enable the device in Microsoft Entra; if it is deleted, run dsregcmd /leave and register again";
    /// A password that Microsoft Entra rejects.
    EVIDENCE_PASSWORD = "evidence.password", Error,
        "check the password, and make sure that its hash is synchronized";
    /// A device that has lost its keys.
    EVIDENCE_KEYS_LOST = "evidence.keys-lost", Error,
        "sign in again, which recovers the device; if the image was cloned, install a clean one";
    /// A device with two objects in Microsoft Entra, as every hybrid-joined Autopilot device has.
    EVIDENCE_TWO_OBJECTS = "evidence.two-objects", Info, "no action needed: the registration and the computer each \
    have their own object";
    /// A failed registration whose cause the evidence does not show.
    EVIDENCE_REGISTRATION_FAILED = "evidence.registration-failed", Warning,
        "look up the code; run dsregcmd /status on the device, and collect the registration log";

    /// A wrong clock.
    EVIDENCE_CLOCK = "evidence.clock", Warning,
        "make sure that the device can reach a time server (UDP 123), run w32tm /resync /force, and check the \
         device's clock battery";
    /// A wrong clock that made certificates and tokens fail.
    EVIDENCE_CLOCK_BREAKS_TLS = "evidence.clock-breaks-tls", Error,
        "make sure that the device can reach a time server (UDP 123), run w32tm /resync /force, and check the \
         device's clock battery";
    /// A device that went to sleep during setup.
    EVIDENCE_SLEPT = "evidence.slept", Warning, "connect the device to power, and keep it awake during the setup";
    /// A device with a proxy and failed downloads.
    EVIDENCE_PROXY = "evidence.proxy", Warning, ENDPOINTS;
    /// Signs that the device could not reach a domain controller.
    EVIDENCE_DOMAIN_CONTROLLER_SIGNS = "evidence.domain-controller-signs", Warning, TO_DOMAIN_CONTROLLER;
    /// A device whose sessions with Intune all failed.
    EVIDENCE_SESSIONS_FAIL = "evidence.sessions-fail", Error,
        "check the device's certificate, its clock and its network: no session with Intune succeeded";
}
