//! Additional types in the collections and for playing deployments. They are known by name; most of their properties
//! are not checked.

use super::types::Kind::{Complex, Flag, Int32, Text};
use super::types::{Property, Type};

/// Returns a type that is only distinguished by name.
const fn named(name: &'static str, base: &'static str) -> Type {
    Type::new(name).extends(base).others(&["*"])
}

const OMA_SETTINGS: Property = Property::new("omaSettings", Complex("omaSetting")).null().many();

const ORGANIZATION: &[&str] = &[
    "assignedPlans",
    "branding",
    "businessPhones",
    "city",
    "country",
    "countryLetterCode",
    "createdDateTime",
    "defaultUsageLocation",
    "displayName",
    "extensions",
    "marketingNotificationEmails",
    "mobileDeviceManagementAuthority",
    "onPremisesLastSyncDateTime",
    "onPremisesSyncEnabled",
    "partnerTenantType",
    "postalCode",
    "preferredLanguage",
    "privacyProfile",
    "provisionedPlans",
    "securityComplianceNotificationMails",
    "securityComplianceNotificationPhones",
    "state",
    "street",
    "technicalNotificationMails",
    "tenantType",
    "verifiedDomains",
];
const DOMAIN: &[&str] = &[
    "authenticationType",
    "availabilityStatus",
    "isAdminManaged",
    "isDefault",
    "isInitial",
    "isRoot",
    "isVerified",
    "model",
    "passwordNotificationWindowInDays",
    "passwordValidityPeriodInDays",
    "state",
    "supportedServices",
];
const SCOPE_TAG: &[&str] = &["description", "displayName", "isBuiltIn", "permissions"];

pub(super) static TYPES: &[Type] = &[
    Type::new("organization").extends("directoryObject").readable(ORGANIZATION, &[]),
    Type::new("domain").extends("entity").readable(DOMAIN, &[]),
    Type::new("roleScopeTag").extends("entity").beta().navigation(&["assignments"]).readable(SCOPE_TAG, &[]),
    named("mobileLobApp", "mobileApp").abstract_base(),
    named("windowsMobileMSI", "mobileLobApp"),
    named("windowsUniversalAppX", "mobileLobApp"),
    named("officeSuiteApp", "mobileApp"),
    named("winGetApp", "mobileApp"),
    named("windowsMicrosoftEdgeApp", "mobileApp"),
    named("webApp", "mobileApp"),
    named("deviceEnrollmentLimitConfiguration", "deviceEnrollmentConfiguration"),
    named("deviceEnrollmentPlatformRestrictionsConfiguration", "deviceEnrollmentConfiguration"),
    named("deviceEnrollmentPlatformRestrictionConfiguration", "deviceEnrollmentConfiguration").beta(),
    named("deviceEnrollmentWindowsHelloForBusinessConfiguration", "deviceEnrollmentConfiguration"),
    named("deviceEnrollmentNotificationConfiguration", "deviceEnrollmentConfiguration").beta(),
    named("windowsRestoreDeviceEnrollmentConfiguration", "deviceEnrollmentConfiguration").beta(),
    named("windows10GeneralConfiguration", "deviceConfiguration"),
    named("iosGeneralDeviceConfiguration", "deviceConfiguration"),
    named("androidGeneralDeviceConfiguration", "deviceConfiguration"),
    named("macOSGeneralDeviceConfiguration", "deviceConfiguration"),
    named("windowsWifiConfiguration", "deviceConfiguration").beta(),
    named("windowsWifiEnterpriseEAPConfiguration", "deviceConfiguration").beta(),
    named("windows10VpnConfiguration", "deviceConfiguration").beta(),
    named("windows81TrustedRootCertificate", "deviceConfiguration").beta(),
    named("iosWiFiConfiguration", "deviceConfiguration").beta(),
    named("androidWiFiConfiguration", "deviceConfiguration").beta(),
    Type::new("windows10CustomConfiguration").extends("deviceConfiguration").properties(&[OMA_SETTINGS]),
    Type::new("omaSetting").abstract_base().properties(&[
        Property::new("description", Text).null(),
        Property::new("displayName", Text),
        Property::new("isEncrypted", Flag).beta().ignored(),
        Property::new("omaUri", Text),
        Property::new("secretReferenceValueId", Text).null().beta().ignored(),
    ]),
    Type::new("omaSettingBoolean").extends("omaSetting").properties(&[Property::new("value", Flag)]),
    Type::new("omaSettingInteger").extends("omaSetting").properties(&[Property::new("value", Int32)]),
    Type::new("omaSettingString").extends("omaSetting").properties(&[Property::new("value", Text).null()]),
];
