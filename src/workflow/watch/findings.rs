//! Kinds of findings about watched devices.

use crate::model::finding_kinds;

const ON_PREMISES: &str = "Graph does not show the cause. On the connector's server, read the event log \
    Microsoft > Intune > ODJConnectorService: event 30132 with ErrorCode 5 and DiagnosticCode 0x00000800 means that the \
    connector may not create computers in the organizational unit; no event for the device means that no request arrived. \
    The server's netsetup.log may show the directory's reason: 0x5 for a missing right, 0x216d for the machine account quota, \
    0x8b0 or 0xaac for a name that is taken. Check that the organizational unit exists. Then check that the device \
    can reach a domain controller, and that the domain has a connector of its own";

const USER_STEP: &str = "let the user sign in and try again; the device shows which app or policy did not finish; the \
    SkipUserStatusPage policy skips account setup";

finding_kinds! {
    /// A source that could not be read.
    WATCH_UNREAD = "watch.unread", Warning, "watch again; until then, facts that depend on that source are unknown";

    /// Evidence from a deployment other than the one being watched.
    WATCH_EVIDENCE_NOT_OF_DEPLOYMENT = "watch.evidence-not-of-deployment", Warning,
        "collect the logs of the device again: these are from another device or an earlier deployment";

    /// A device without a registration.
    WATCH_NOT_REGISTERED = "watch.not-registered", Error,
        "check the outcome of the device's import, and start a sync; if the registration is gone, import the \
         device again";
    /// A registration that is blocked from enrolling again.
    WATCH_ENROLLMENT_BLOCKED = "watch.enrollment-blocked", Error,
        "unblock the device with allowNextEnrollment";
    /// A registration that the service is repairing.
    WATCH_REGISTRATION_IN_REPAIR = "watch.registration-in-repair", Warning,
        "wait, and do not switch the device on until the repair is finished";
    /// A registration that the service cannot repair.
    WATCH_REGISTRATION_NEEDS_REPAIR = "watch.registration-needs-repair", Error,
        "delete the registration, capture the hardware hash again and import it";
    /// A registration whose Entra ID object was deleted.
    WATCH_ANCHOR_MISSING = "watch.anchor-missing", Error,
        "delete the device's registration, import the device again, and leave its object in Entra ID alone";
    /// A user who is assigned to a device.
    WATCH_USER_ASSIGNED = "watch.user-assigned", Error,
        "unassign the user from the device, wait until the profile is assigned, reset the device and start again: \
         the first sign-in of an assigned user joins only Entra ID";

    /// A device without a profile.
    WATCH_PROFILE_NOT_ASSIGNED = "watch.profile-not-assigned", Error,
        "check that the device is in the group that the profile is assigned to: its group tag, the group's \
         rule, and whether its Entra ID object exists";
    /// A profile that could not be assigned.
    WATCH_PROFILE_ASSIGNMENT_FAILED = "watch.profile-assignment-failed", Error,
        "remove the device from the group and add it again; if that does not help, register it again";
    /// A profile other than the desired one.
    WATCH_WRONG_PROFILE = "watch.wrong-profile", Warning,
        "remove the device from the groups that the other profile is assigned to: when several apply, a device gets \
         the profile that was created first";

    /// A device that has a profile but has never made contact.
    WATCH_NOT_SWITCHED_ON = "watch.not-switched-on", Warning,
        "switch the device on and connect it; if it is on, restart it, so that it fetches its profile again";
    /// A device that made contact but did not enroll.
    WATCH_DID_NOT_ENROLL = "watch.did-not-enroll", Error,
        "check that the user who signs in is in the MDM user scope and has a sign-in name in a verified \
         domain (0x8018002b), and that conditional access lets Microsoft Intune Enrollment through";
    /// A failed enrollment.
    WATCH_ENROLLMENT_FAILED = "watch.enrollment-failed", Error,
        "check the user's license and MDM scope, the enrollment restrictions and conditional access; the \
         device shows a more detailed error code";
    /// A device that is already enrolled.
    WATCH_ENROLLED_ALREADY = "watch.enrolled-already", Error,
        "remove the earlier enrollment, or reset the device to an image without one; then start again";
    /// A user with too many devices in Microsoft Entra.
    WATCH_TOO_MANY_DEVICES = "watch.too-many-devices", Error,
        "delete devices that the user no longer has from Microsoft Entra, or raise the device limit per user";
    /// An enrollment blocked by a restriction or an earlier enrollment.
    WATCH_ENROLLMENT_RESTRICTED = "watch.enrollment-restricted", Error,
        "allow Windows (MDM) in the enrollment restriction that applies to the user; if it is already allowed, unblock \
         the device with allowNextEnrollment";
    /// A user without an Intune license, or with too many devices.
    WATCH_NO_LICENSE = "watch.no-license", Error,
        "give the user a license that includes Intune, or remove devices that the user no longer has";
    /// A device with Windows Home.
    WATCH_WINDOWS_HOME = "watch.windows-home", Error, "install Windows Pro, Enterprise or Education";
    /// A device with the classic Intune PC agent.
    WATCH_INTUNE_AGENT = "watch.intune-agent", Error,
        "reset the device to an image without the Intune PC agent";
    /// A user outside the MDM user scope, or with a sign-in name in an unverified domain.
    WATCH_NOT_IN_MDM_SCOPE = "watch.not-in-mdm-scope", Error,
        "add the user to the MDM user scope, and give the user a sign-in name in a verified domain";
    /// A user to whom several MDM applications apply.
    WATCH_SEVERAL_MDM_APPS = "watch.several-mdm-apps", Error,
        "remove the user from the MDM user scope of every application except Intune";
    /// A rejected join: a TPM that could not be attested, or two groups with different profiles.
    WATCH_JOIN_REFUSED = "watch.join-refused", Error,
        "keep the device in only one group with a profile; if it already is, update and clear its TPM";
    /// A TPM that could not be attested.
    WATCH_TPM_ATTESTATION_FAILED = "watch.tpm-attestation-failed", Error,
        "check that the device gets a profile for user-driven hybrid join, which needs no attestation, and \
         start the setup again";
    /// A device that enrolled by a method other than hybrid join.
    WATCH_NOT_HYBRID_JOINED = "watch.not-hybrid-joined", Error,
        "check that the profile that the device gets is for hybrid join, and that no user is assigned; \
         reset the device and start again";
    /// A device that enrolled with a profile other than the one now assigned.
    WATCH_ENROLLED_WITH_ANOTHER_PROFILE = "watch.enrolled-with-another-profile", Warning,
        "reset the device and set it up again: a profile does not reach a device that is enrolled";
    /// A device that Intune no longer manages.
    WATCH_LEFT_MANAGEMENT = "watch.left-management", Warning,
        "unless it was deleted from Intune on purpose, reset the device and set it up again";

    /// A failed domain join whose cause Graph does not show.
    WATCH_DOMAIN_JOIN_FAILED = "watch.domain-join-failed", Error, ON_PREMISES;
    /// A domain join that is not progressing, for a reason that Graph does not show.
    WATCH_DOMAIN_JOIN_STALLED = "watch.domain-join-stalled", Error, ON_PREMISES;
    /// A tenant without an active connector.
    WATCH_NO_CONNECTOR = "watch.no-connector", Error,
        "start the service of the Intune Connector for Active Directory on its server, or install one in \
         the domain; then restart the device's setup";
    /// A connector whose version no longer processes requests.
    WATCH_CONNECTOR_OUTDATED = "watch.connector-outdated", Error,
        "uninstall the connector and install the current one: old versions no longer process requests";
    /// A device without a domain join profile.
    WATCH_NO_DOMAIN_JOIN_PROFILE = "watch.no-domain-join-profile", Error,
        "assign the domain join profile to all devices, or to a group that the device's Entra ID object is in";
    /// A domain join profile with a value that breaks a rule.
    WATCH_INVALID_DOMAIN_JOIN_PROFILE = "watch.invalid-domain-join-profile", Error,
        "correct the domain join profile; a container is not an organizational unit: leave the field \
         empty to use the default container";
    /// A device with several domain join profiles.
    WATCH_SEVERAL_DOMAIN_JOIN_PROFILES = "watch.several-domain-join-profiles", Error,
        "leave one domain join profile assigned to the device";

    /// A device setup that is not progressing.
    WATCH_DEVICE_SETUP_STALLED = "watch.device-setup-stalled", Error,
        "check on the device which app or policy is being installed, whether it asks for a sign-in, and \
         whether it is on; the record of a deployment that takes more than an hour may stay incomplete";
    /// A device setup that timed out on the enrollment status page.
    WATCH_DEVICE_SETUP_TIMEOUT = "watch.device-setup-timeout", Error,
        "give the enrollment status page more time, or fewer apps to wait for; the device shows which app or \
         policy did not finish";
    /// A failed device setup.
    WATCH_DEVICE_SETUP_FAILED = "watch.device-setup-failed", Error,
        "find the app or policy that failed: the device shows it, and so does the app's installation status \
         in Intune; Graph does not name it for a deployment";
    /// A step of a deployment that timed out.
    WATCH_TIMED_OUT = "watch.timed-out", Error,
        "check on the device which app or policy was being installed; give the enrollment status page more \
         time, or fewer apps to wait for";
    /// An installed app that its detection rule does not find.
    WATCH_APP_NOT_DETECTED = "watch.app-not-detected", Error,
        "correct the detection rule of the app, or remove it from the apps that the page waits for";

    /// A device that was not found in Entra ID.
    WATCH_NOT_IN_ENTRA_ID = "watch.not-in-entra-id", Error,
        "wait for the next run of Entra Connect (30 minutes), and check that its scope includes the \
         organizational unit";
    /// A computer object that is not in Entra ID.
    WATCH_NOT_SYNCED = "watch.not-synced", Error,
        "check that Entra Connect is running, and that its scope includes the computer's organizational unit; \
         the SkipUserStatusPage policy keeps account setup from waiting for it";
    /// An account setup that is not progressing.
    WATCH_ACCOUNT_SETUP_STALLED = "watch.account-setup-stalled", Error,
        "sign in to the device; check that the organizational unit is in the scope of Entra Connect, which syncs \
         every 30 minutes; the SkipUserStatusPage policy skips account setup";
    /// An account setup that timed out on the enrollment status page.
    WATCH_ACCOUNT_SETUP_TIMEOUT = "watch.account-setup-timeout", Error, USER_STEP;
    /// A failed account setup.
    WATCH_ACCOUNT_SETUP_FAILED = "watch.account-setup-failed", Error, USER_STEP;
    /// An unfinished record for a device to which a user has signed in.
    WATCH_RECORD_INCOMPLETE = "watch.record-incomplete", Warning,
        "ask the user whether setup finished: the record of a deployment that takes more than an hour may stay \
         incomplete";

    /// A step that failed on a device that became ready anyway.
    WATCH_WENT_ON_AFTER_FAILURE = "watch.went-on-after-failure", Warning,
        "check which app or policy is missing on the device";
    /// A step that timed out on a device that became ready anyway.
    WATCH_DONE_AFTER_TIMEOUT = "watch.done-after-timeout", Warning,
        "check that all apps arrived; give the enrollment status page more time";
    /// A device that became ready on a later attempt.
    WATCH_DONE_ON_RETRY = "watch.done-on-retry", Info, "no action needed, unless it happens on many devices";
}
