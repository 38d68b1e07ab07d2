//! Kinds of findings about offline files.

use crate::model::finding_kinds;

const SERVER_DATA: &str = r#"write a string such as {"ZeroTouchConfig":{"CloudAssignedTenantUpn":"","ForcedEnrollment":1,"CloudAssignedTenantDomain":"contoso.onmicrosoft.com"}}"#;

finding_kinds! {
    /// An empty file.
    OFFLINE_EMPTY = "offline.empty", Error, "create the file again";
    /// A file in an ANSI encoding.
    OFFLINE_ANSI = "offline.ansi", Warning,
        "escape its non-ASCII characters as \\u and four hexadecimal digits: Windows may misread them";
    /// A file whose encoding is not ASCII.
    OFFLINE_ENCODING = "offline.encoding", Error,
        "save it as ASCII without a byte order mark: Windows ignores the file otherwise";
    /// A file that is not JSON.
    OFFLINE_NO_JSON = "offline.no-json", Error, "generate it again with a tool rather than by hand";
    /// JSON that is not an object.
    OFFLINE_NO_OBJECT = "offline.no-object", Error,
        "put one profile in the file, in braces and without brackets";
    /// A file with more than one profile.
    OFFLINE_SEVERAL_PROFILES = "offline.several-profiles", Error, "create one file for each profile";

    /// A device's cached copy of a profile instead of an offline file.
    OFFLINE_CACHED_PROFILE = "offline.cached-profile", Error,
        "read the file with CachedProfile::read, or create a file from the deployment profile";
    /// A device that had no profile assigned when it asked for one.
    CACHED_NO_PROFILE = "cached.no-profile", Warning,
        "assign a profile and wait until it shows as assigned, then restart the device's setup";
    /// A device whose request for a profile was rejected.
    CACHED_REFUSED = "cached.refused", Error,
        "look up the error's name in Microsoft's list of Autopilot errors; for ZtdDeviceIsNotRegistered, import the device";
    /// A cached profile for a join type other than hybrid.
    CACHED_NOT_HYBRID = "cached.not-hybrid", Warning,
        "assign the hybrid join profile, wait until it shows as assigned, and reset the device";
    /// A cached profile that names a user who was assigned to the device in advance.
    CACHED_ASSIGNED_USER = "cached.assigned-user", Error,
        "unassign the user: an assigned user is the most common cause of 0x80070774 in hybrid join";
    /// A cached profile for hybrid join that names the device.
    CACHED_DEVICE_NAME = "cached.device-name", Warning,
        "clear the device name template: the name comes from the domain join configuration";
    /// A cached profile for a self-deploying device.
    CACHED_SELF_DEPLOYING = "cached.self-deploying", Error,
        "assign a user-driven profile: hybrid join is user-driven only";
    /// A device that is set up by Windows Autopilot device preparation.
    CACHED_DEVICE_PREPARATION = "cached.device-preparation", Error,
        "register the device with Windows Autopilot: device preparation never joins a domain";
    /// A required key without a value.
    OFFLINE_MISSING_KEY = "offline.missing-key", Error, "add the key with its value";
    /// A key that Autopilot is not known to read.
    OFFLINE_UNKNOWN_KEY = "offline.unknown-key", Info, "no action needed if another tool uses the key";
    /// A key in the wrong case.
    OFFLINE_KEY_SPELLING = "offline.key-spelling", Warning, "use the key's known spelling";
    /// A value of the wrong type, or out of range.
    OFFLINE_WRONG_TYPE = "offline.wrong-type", Error, "use a value of the key's type";
    /// A version other than 2049.
    OFFLINE_VERSION = "offline.version", Info, "no action needed if the file works";
    /// A value that is not a language tag; `os-default` is harmless.
    OFFLINE_LANGUAGE = "offline.language", Warning, "remove the key, or use a language tag such as de-DE";
    /// A value that cannot be a tenant id or domain.
    OFFLINE_INVALID_TENANT = "offline.invalid-tenant", Error, "use the tenant's GUID and its default domain";
    /// A correlation id that is not a GUID.
    OFFLINE_INVALID_ID = "offline.invalid-id", Error,
        "use a GUID without braces, such as the id of the profile";

    /// Setup options for self-deploying devices.
    OFFLINE_SELF_DEPLOYING = "offline.self-deploying", Error,
        "clear these bits: a file supports user-driven devices only";
    /// Unknown setup options.
    OFFLINE_UNKNOWN_BITS = "offline.unknown-bits", Warning, "clear these bits";
    /// An unknown join method.
    OFFLINE_JOIN_METHOD = "offline.join-method", Error, "use 1 for hybrid join or 0 for Microsoft Entra join";
    /// A device name in a file for hybrid join.
    OFFLINE_HYBRID_DEVICE_NAME = "offline.hybrid-device-name", Error,
        "remove the key: the name comes from the domain join configuration";
    /// A value that cannot be a device name template.
    OFFLINE_INVALID_DEVICE_NAME = "offline.invalid-device-name", Error,
        "use a device name template that Windows accepts";
    /// A skipped domain controller check in a file for Microsoft Entra join.
    OFFLINE_ENTRA_SKIP_CHECK = "offline.entra-skip-check", Warning, "remove the key";

    /// Server data that is not a string containing JSON.
    OFFLINE_SERVER_DATA = "offline.server-data", Error, SERVER_DATA;
    /// A domain in the server data that differs from the one outside it.
    OFFLINE_SERVER_DATA_DOMAIN = "offline.server-data-domain", Error,
        "use the tenant's default domain in both";
    /// A `ForcedEnrollment` value in the server data that differs from the one outside it.
    OFFLINE_SERVER_DATA_FORCED = "offline.server-data-forced", Warning, "use the same number in both";
    /// A user in the server data.
    OFFLINE_ASSIGNED_USER = "offline.assigned-user", Warning,
        "leave the user empty: an assigned user is the most common cause of 0x80070774 in hybrid join";
}
