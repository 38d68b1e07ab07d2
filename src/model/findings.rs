//! Kinds of findings about settings and membership rules.

use super::finding_kinds;

finding_kinds! {
    /// A setting in the tenant that breaks a rule.
    SETTINGS_INVALID_VALUE = "settings.invalid-value", Error, "enter a value that follows the rule";

    /// A scope tag that is not an id.
    SETTINGS_SCOPE_TAG = "settings.scope-tag", Warning,
        "use the scope tag's id, a number such as \"0\", instead of its name";

    /// A group name that is too long.
    GROUP_LONG_NAME = "group.long-name", Error, "shorten it to at most 256 characters";

    /// A hyphen in a profile's name or description, which the service may reject.
    PROFILE_HYPHEN = "profile.hyphen", Warning, "use a name and a description without hyphens";
    /// A character in a profile's name or description that the service may reject.
    PROFILE_DISPUTED_CHARACTER = "profile.disputed-character", Warning,
        "if the service returns 400 without a reason, use only letters, digits and spaces";
    /// A profile that skips the keyboard page and sets no language.
    PROFILE_KEYBOARD_WITHOUT_LANGUAGE = "profile.keyboard-without-language", Warning,
        "set a language: it determines the keyboard";
    /// A language or country code that is not in ISO 639 or ISO 3166.
    PROFILE_UNKNOWN_LOCALE = "profile.unknown-locale", Warning,
        "set a language and country, such as en-GB, or os-default, or user-select";
    /// A hybrid join profile in a mode other than user-driven.
    PROFILE_HYBRID_NOT_USER_DRIVEN = "profile.hybrid-not-user-driven", Error,
        "create a new profile: hybrid join is user-driven only";
    /// A device name template in a hybrid join profile.
    PROFILE_HYBRID_NAME_TEMPLATE = "profile.hybrid-name-template", Warning,
        "clear it: the name comes from the prefix in the domain join profile";

    /// A custom error message that may be too long.
    ESP_LONG_ERROR_MESSAGE = "esp.long-error-message", Warning, "shorten it to 1,000 characters";
    /// An enrollment status page that shows no progress, so its other settings have no effect.
    ESP_NO_PROGRESS_SHOWN = "esp.no-progress-shown", Warning,
        "show it, or leave the other settings at their defaults";
    /// Quality updates on an enrollment status page that does not block use of the device.
    ESP_QUALITY_UPDATES_NEED_BLOCKING = "esp.quality-updates-need-blocking", Warning,
        "block the use of the device, or leave the updates for later";
    /// More blocking apps than an enrollment status page can have.
    ESP_TOO_MANY_APPS = "esp.too-many-apps", Error, "select at most 100";
    /// An enrollment status page that allows non-blocking app installation but has no blocking apps.
    ESP_NO_APP_SELECTED = "esp.no-app-selected", Warning,
        "select the apps to wait for, or remove the setting";

    /// An app selected by name when an enrollment status page is created or updated outside a deployment.
    ESP_APP_BY_NAME = "esp.app-by-name", Error,
        "give the app's id, or use the page in a deployment, which finds apps by name";
    /// A custom configuration with settings other than the one that skips account setup.
    SKIP_PAGE_OTHER_SETTINGS = "skip-page.other-settings", Error,
        "use another name, so that a separate policy is created";

    /// A prefix and a number of random characters that do not add up to a computer name of 15 characters.
    DOMAIN_JOIN_SUFFIX_LENGTH = "domain-join.suffix-length", Warning,
        "create the profile again: the number is derived from the prefix";
    /// An organizational unit outside the domain that devices join.
    DOMAIN_JOIN_OU_IN_ANOTHER_DOMAIN = "domain-join.ou-in-another-domain", Error,
        "choose a unit of the domain that devices join";
    /// A semicolon in the name of an organizational unit.
    OU_SEMICOLON = "ou.semicolon", Warning,
        "use a unit without one: the Intune Connector's configuration file separates units with semicolons";

    /// A manufacturer's placeholder in place of a serial number; other devices have the same one.
    SERIAL_NUMBER_PLACEHOLDER = "serial-number.placeholder", Warning,
        "have the manufacturer write the serial number into the firmware; until then, import one such device at a time";
    /// Leading or trailing spaces in a group tag.
    GROUP_TAG_SPACES = "group-tag.spaces", Warning, "remove the spaces";
    /// A group tag with a label that belongs only in membership rules.
    GROUP_TAG_LABEL = "group-tag.label", Warning, "remove [OrderID]: from the group tag";
    /// A group tag with Excel's apostrophe or `="…"`.
    GROUP_TAG_EXCEL_TEXT = "group-tag.excel-text", Warning, "remove the characters that Excel added to the group tag";
    /// A user principal name with a suffix that Microsoft Entra cannot verify, such as `.local`.
    USER_NON_ROUTABLE_SUFFIX = "user.non-routable-suffix", Warning,
        "give the user a user principal name on a verified domain before the device is deployed";

    /// A syntax error in a membership rule.
    RULE_SYNTAX = "rule.syntax", Error, "correct the rule at the indicated character";
    /// A value or operator that does not fit the type of its property.
    RULE_WRONG_TYPE = "rule.wrong-type", Error, "use a value and an operator that fit the property";
    /// A membership rule that is too long.
    RULE_TOO_LONG = "rule.too-long", Error, "shorten it, for example with -in or -startsWith";
    /// A membership rule that mixes users and devices.
    RULE_MIXED_OBJECTS = "rule.mixed-objects", Error,
        "use only device properties, and create a separate group for users";
    /// A membership rule for users.
    RULE_USER_RULE = "rule.user-rule", Error, "use device properties: Autopilot profiles are assigned to groups of \
    devices";
    /// A property that device rules do not support.
    RULE_UNKNOWN_PROPERTY = "rule.unknown-property", Error,
        "use one from Microsoft's list, such as devicePhysicalIds or deviceModel";
    /// A value that is not a valid regular expression.
    RULE_PATTERN = "rule.pattern", Error, "correct it (.* matches anything)";
    /// A regular expression that the service evaluates but this library does not.
    RULE_PATTERN_NOT_EVALUATED = "rule.pattern-not-evaluated", Info,
        "check the members in the tenant: the pattern cannot be evaluated here";
    /// An invisible character inside quoted text.
    RULE_INVISIBLE = "rule.invisible-character", Warning, "remove the invisible character";
    /// A value that no device has, so the condition has the same result for every device.
    RULE_MATCHES_NOTHING = "rule.matches-nothing", Error,
        "include the label and leave out spaces, as in [OrderID]:Kiosk";
    /// A condition that is true for every registered device.
    RULE_MATCHES_ALL = "rule.matches-all", Warning, "use -all instead of -any";
    /// A backslash outside quoted text.
    RULE_BACKSLASH = "rule.backslash", Error,
        "remove the backslashes: they come from JSON or Markdown around the rule";
    /// A typographic quote in place of a straight one.
    RULE_TYPOGRAPHIC_QUOTES = "rule.typographic-quotes", Error, "use straight quotes (\")";
    /// A typographic dash in place of an operator's hyphen.
    RULE_TYPOGRAPHIC_DASH = "rule.typographic-dash", Warning, "put a hyphen (-) before the operator";
    /// A backtick that escapes nothing.
    RULE_BACKTICK = "rule.backtick", Warning, "remove it, or try the rule on one device first";
    /// A lone single quote inside quoted text.
    RULE_SINGLE_QUOTE = "rule.single-quote", Warning, "double it: ''";
    /// The word null in quotes.
    RULE_QUOTED_NULL = "rule.quoted-null", Warning, "use null without quotes, after -eq or -ne";
    /// A quoted value for a Boolean property.
    RULE_QUOTED_BOOLEAN = "rule.quoted-boolean", Warning, "use true or false without quotes";
    /// A property name in the wrong case.
    RULE_PROPERTY_CASE = "rule.property-case", Warning, "use the spelling in Microsoft's list";
    /// A comparison of `devicePhysicalIds` without `-any` or `-all`.
    RULE_LIST_WITHOUT_ANY = "rule.list-without-any", Warning, "write (device.devicePhysicalIds -any (_ … ))";
    /// An item condition without parentheses after `-any` or `-all`.
    RULE_BARE_ELEMENT = "rule.bare-element", Warning, "put it in parentheses: -any (_ -eq \"…\")";
    /// The `organizationalUnit` property, which no device has.
    RULE_ORGANIZATIONAL_UNIT = "rule.organizational-unit", Error,
        "use a group tag, or an extension attribute that is synchronized from the directory";
    /// A property that is set only when a device enrolls.
    RULE_SET_AT_ENROLMENT = "rule.set-at-enrolment", Warning,
        "for profiles and pages that Autopilot needs before that, use devicePhysicalIds";
    /// The `memberOf` property, which is in preview.
    RULE_MEMBER_OF_PREVIEW = "rule.member-of-preview", Warning, "assign to the groups themselves";
    /// The `memberOf` property combined with another condition.
    RULE_MEMBER_OF_COMBINED = "rule.member-of-combined", Error, "use it alone, as the only condition in a separate \
    group's rule";
    /// A group tag under a label other than `[OrderID]`.
    RULE_GROUP_TAG_LABEL = "rule.group-tag-label", Error, "write [OrderID]: followed by the tag";
    /// A search for a device whose `[ZTDId]` is empty.
    RULE_ZTDID_EQUALS = "rule.ztdid-equals", Error,
        "write (device.devicePhysicalIds -any (_ -startsWith \"[ZTDId]\"))";
    /// A search for `[ZTDId]` with `-contains` or `-match`.
    RULE_ZTDID_CONTAINS = "rule.ztdid-contains", Warning,
        "write (device.devicePhysicalIds -any (_ -startsWith \"[ZTDId]\"))";
    /// An operator that is slow to evaluate.
    RULE_SLOW_OPERATOR = "rule.slow-operator", Info, "use -startsWith, -eq or -in where they are equivalent";
    /// A value that the property never has.
    RULE_UNKNOWN_VALUE = "rule.unknown-value", Warning,
        "use one of the property's values (Intune's Corporate is Company here)";
}
