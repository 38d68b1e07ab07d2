//! Types that the ten steps meet besides: what else stands in the same collections, and what a tenant needs to play a
//! deployment. They are known by name; most of their properties are not checked.

use super::types::Kind::{Complex, Flag, Int32, Text};
use super::types::{Property, Type};

/// A type that is only told apart by its name.
const fn named(name: &'static str, base: &'static str) -> Type {
    Type {
        name,
        base: Some(base),
        is_abstract: false,
        beta: false,
        others: &["*"],
        properties: &[],
        navigation: &[],
    }
}

/// The same, in beta only.
const fn named_beta(name: &'static str, base: &'static str) -> Type {
    Type { beta: true, ..named(name, base) }
}

pub(super) static TYPES: &[Type] = &[
    Type { is_abstract: true, ..named("mobileLobApp", "mobileApp") },
    named("windowsMobileMSI", "mobileLobApp"),
    named("windowsUniversalAppX", "mobileLobApp"),
    named("officeSuiteApp", "mobileApp"),
    named("winGetApp", "mobileApp"),
    named("windowsMicrosoftEdgeApp", "mobileApp"),
    named("webApp", "mobileApp"),
    named("deviceEnrollmentLimitConfiguration", "deviceEnrollmentConfiguration"),
    named("deviceEnrollmentPlatformRestrictionsConfiguration", "deviceEnrollmentConfiguration"),
    named_beta("deviceEnrollmentPlatformRestrictionConfiguration", "deviceEnrollmentConfiguration"),
    named("deviceEnrollmentWindowsHelloForBusinessConfiguration", "deviceEnrollmentConfiguration"),
    named_beta("deviceEnrollmentNotificationConfiguration", "deviceEnrollmentConfiguration"),
    named_beta("windowsRestoreDeviceEnrollmentConfiguration", "deviceEnrollmentConfiguration"),
    named("windows10GeneralConfiguration", "deviceConfiguration"),
    named("iosGeneralDeviceConfiguration", "deviceConfiguration"),
    named("androidGeneralDeviceConfiguration", "deviceConfiguration"),
    named("macOSGeneralDeviceConfiguration", "deviceConfiguration"),
    named_beta("windowsWifiConfiguration", "deviceConfiguration"),
    named_beta("windowsWifiEnterpriseEAPConfiguration", "deviceConfiguration"),
    named_beta("windows10VpnConfiguration", "deviceConfiguration"),
    Type {
        others: &[],
        properties: &[Property::new("omaSettings", Complex("omaSetting")).null().many()],
        ..named("windows10CustomConfiguration", "deviceConfiguration")
    },
    Type {
        name: "omaSetting",
        base: None,
        is_abstract: true,
        beta: false,
        others: &[],
        properties: &[
            Property::new("description", Text).null(),
            Property::new("displayName", Text),
            Property::new("isEncrypted", Flag).beta().ignored(),
            Property::new("omaUri", Text),
            Property::new("secretReferenceValueId", Text).null().beta().ignored(),
        ],
        navigation: &[],
    },
    Type {
        others: &[],
        properties: &[Property::new("value", Flag)],
        ..named("omaSettingBoolean", "omaSetting")
    },
    Type {
        others: &[],
        properties: &[Property::new("value", Int32)],
        ..named("omaSettingInteger", "omaSetting")
    },
    Type {
        others: &[],
        properties: &[Property::new("value", Text).null()],
        ..named("omaSettingString", "omaSetting")
    },
];
