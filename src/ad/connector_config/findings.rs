//! Kinds of findings about the configuration files of the Intune Connector.

use crate::model::finding_kinds;

finding_kinds! {
    /// Settings outside the file's single `appSettings` section.
    CONNECTOR_CONFIG_SETTINGS_ELSEWHERE = "connector-config.settings-elsewhere", Warning,
        "put all settings into a single appSettings section in this file";
    /// A key that is repeated.
    CONNECTOR_CONFIG_DUPLICATE_KEY = "connector-config.duplicate-key", Warning, "keep one of them";
    /// An unknown key that resembles a missing one.
    CONNECTOR_CONFIG_RENAMED_KEY = "connector-config.renamed-key", Error, "rename it to the missing key";
    /// A key with a value other than the one that the installer writes.
    CONNECTOR_CONFIG_NOT_AS_SHIPPED = "connector-config.not-as-shipped", Info,
        "unless this is a national cloud, set it to the installer's value";

    /// A required organizational unit that is not in the list.
    CONNECTOR_CONFIG_MISSING_OU = "connector-config.missing-ou", Error,
        "add it, and click Configure Managed Service Account in the wizard; or delegate the unit by hand";
    /// An organizational unit in the list that is not required.
    CONNECTOR_CONFIG_EXTRA_OU = "connector-config.extra-ou", Warning,
        "remove it if no other deployment needs it";
    /// An organizational unit that is repeated in the list.
    CONNECTOR_CONFIG_DUPLICATE_OU = "connector-config.duplicate-ou", Info, "keep one of them";
    /// A value that is not a valid organizational unit.
    CONNECTOR_CONFIG_INVALID_OU = "connector-config.invalid-ou", Error,
        "use the distinguished name of an organizational unit";
    /// A semicolon in an organizational unit's name, which the connector reads as a separator.
    CONNECTOR_CONFIG_SEPARATOR_IN_OU = "connector-config.separator-in-ou", Error,
        "write it as \\3B, or use a unit without one";

    /// A managed service account that is not in the form `account@domain`.
    CONNECTOR_CONFIG_ACCOUNT_FORM = "connector-config.account-form", Error,
        "use the form account@domain, such as odj$@corp.example";
    /// A value other than true or false.
    CONNECTOR_CONFIG_NOT_A_SWITCH = "connector-config.not-a-switch", Warning, "use true or false";
    /// A setting that lets the wizard update permissions even though the administrator set a managed service account.
    CONNECTOR_CONFIG_OU_UPDATES_WITH_ACCOUNT = "connector-config.ou-updates-with-account", Warning,
        "set DisableOUUpdates to true, and delegate the units by hand";
    /// A setting that stops the wizard from updating permissions.
    CONNECTOR_CONFIG_OU_UPDATES_DISABLED = "connector-config.ou-updates-disabled", Info,
        "delegate the units by hand, or set DisableOUUpdates to false";

    /// A `defaultProxy` nested inside another.
    CONNECTOR_CONFIG_NESTED_DEFAULT_PROXY = "connector-config.nested-default-proxy", Warning,
        "keep only <defaultProxy enabled=\"false\" />";
    /// A proxy address without a scheme.
    CONNECTOR_CONFIG_PROXY_WITHOUT_SCHEME = "connector-config.proxy-without-scheme", Info,
        "if the connector cannot reach the internet, add http:// in front of it";
    /// A proxy that differs between the two files.
    CONNECTOR_CONFIG_PROXY_DIFFERS = "connector-config.proxy-differs", Error,
        "use the same proxy in both files, and restart the Intune ODJConnector Service";
}
