//! Types of the directory and of policies next to it.

use super::subset;
use super::types::Kind::{Binary, Complex, Enum, Flag, Int32, Text, Time};
use super::types::{Property, Type};

pub(super) static TYPES: &[Type] = &[
    Type::new("entity").abstract_base().properties(&[Property::new("id", Text).refused()]),
    Type::new("directoryObject")
        .extends("entity")
        .properties(&[Property::new("deletedDateTime", Time).null().refused()]),
    Type::new("mobilityManagementPolicy")
        .extends("entity")
        .beta()
        .navigation(&["includedGroups"])
        .properties(&[
            Property::new("appliesTo", Enum("policyScope")).null(),
            Property::new("complianceUrl", Text).null(),
            Property::new("description", Text).null().refused(),
            Property::new("discoveryUrl", Text).null(),
            Property::new("displayName", Text).null().refused(),
            Property::new("isValid", Flag).null().refused(),
            Property::new("termsOfUseUrl", Text).null(),
            Property::new("isMdmEnrollmentDuringRegistrationDisabled", Flag).null(),
        ]),
    Type::new("alternativeSecurityId").properties(&[
        Property::new("identityProvider", Text).null(),
        Property::new("key", Binary).null(),
        Property::new("type", Int32).null(),
    ]),
    Type::new("onPremisesExtensionAttributes").properties(&[
        Property::new("extensionAttribute1", Text).null(),
        Property::new("extensionAttribute10", Text).null(),
        Property::new("extensionAttribute11", Text).null(),
        Property::new("extensionAttribute12", Text).null(),
        Property::new("extensionAttribute13", Text).null(),
        Property::new("extensionAttribute14", Text).null(),
        Property::new("extensionAttribute15", Text).null(),
        Property::new("extensionAttribute2", Text).null(),
        Property::new("extensionAttribute3", Text).null(),
        Property::new("extensionAttribute4", Text).null(),
        Property::new("extensionAttribute5", Text).null(),
        Property::new("extensionAttribute6", Text).null(),
        Property::new("extensionAttribute7", Text).null(),
        Property::new("extensionAttribute8", Text).null(),
        Property::new("extensionAttribute9", Text).null(),
    ]),
    Type::new("group")
        .extends("directoryObject")
        .readable(subset::GROUP, subset::GROUP_BETA)
        .others(&[
            "assignedLicenses",
            "classification",
            "createdByAppId",
            "expirationDateTime",
            "mail",
            "organizationId",
            "preferredDataLocation",
            "preferredLanguage",
            "proxyAddresses",
            "renewedDateTime",
            "resourceBehaviorOptions",
            "resourceProvisioningOptions",
            "theme",
            "onPremisesDomainName",
            "onPremisesLastSyncDateTime",
            "onPremisesNetBiosName",
            "onPremisesSamAccountName",
            "onPremisesSecurityIdentifier",
        ])
        .navigation(&["memberOf", "members", "owners"])
        .properties(&[
            Property::new("createdDateTime", Time).null().refused(),
            Property::new("description", Text).null(),
            Property::new("displayName", Text).null(),
            Property::new("groupTypes", Text).many(),
            Property::new("isAssignableToRole", Flag).null(),
            Property::new("mailEnabled", Flag).null(),
            Property::new("mailNickname", Text).null(),
            Property::new("membershipRule", Text).null(),
            Property::new("membershipRuleProcessingState", Text).null(),
            Property::new("onPremisesSyncEnabled", Flag).null().refused(),
            Property::new("securityEnabled", Flag).null(),
            Property::new("securityIdentifier", Text).null().refused(),
            Property::new("uniqueName", Text).null().refused(),
            Property::new("visibility", Text).null(),
        ]),
    Type::new("device")
        .extends("directoryObject")
        .readable(subset::DEVICE, subset::DEVICE_BETA)
        .others(&["domainName", "onPremisesLastSyncDateTime"])
        .navigation(&["memberOf", "registeredOwners", "registeredUsers"])
        .properties(&[
            Property::new("accountEnabled", Flag).null(),
            Property::new("alternativeSecurityIds", Complex("alternativeSecurityId")).many().refused(),
            Property::new("approximateLastSignInDateTime", Time).null().refused(),
            Property::new("complianceExpirationDateTime", Time).null().refused(),
            Property::new("deviceCategory", Text).null(),
            Property::new("deviceId", Text).null().refused(),
            Property::new("deviceMetadata", Text).null(),
            Property::new("deviceOwnership", Text).null(),
            Property::new("deviceVersion", Int32).null(),
            Property::new("displayName", Text).null(),
            Property::new("enrollmentProfileName", Text).null(),
            Property::new("enrollmentType", Text).null(),
            Property::new("extensionAttributes", Complex("onPremisesExtensionAttributes")).null(),
            Property::new("hostnames", Text).many().null().beta(),
            Property::new("isCompliant", Flag).null().refused(),
            Property::new("isManaged", Flag).null(),
            Property::new("managementType", Text).null(),
            Property::new("manufacturer", Text).null().refused(),
            Property::new("mdmAppId", Text).null().refused(),
            Property::new("model", Text).null().refused(),
            Property::new("onPremisesLastSyncDateTime", Time).null().refused(),
            Property::new("onPremisesSecurityIdentifier", Text).null().refused(),
            Property::new("onPremisesSyncEnabled", Flag).null().refused(),
            Property::new("operatingSystem", Text).null(),
            Property::new("operatingSystemVersion", Text).null(),
            Property::new("physicalIds", Text).many().refused(),
            Property::new("profileType", Text).null(),
            Property::new("registrationDateTime", Time).null().refused(),
            Property::new("systemLabels", Text).many().refused(),
            Property::new("trustType", Text).null().refused(),
            Property::new("createdDateTime", Time).null().refused(),
        ]),
    Type::new("user")
        .extends("directoryObject")
        .readable(subset::USER, subset::USER_BETA)
        .others(&[
            "businessPhones",
            "mobilePhone",
            "officeLocation",
            "preferredLanguage",
            "assignedLicenses",
            "companyName",
            "employeeId",
        ])
        .properties(&[
            Property::new("accountEnabled", Flag).null(),
            Property::new("createdDateTime", Time).null().refused(),
            Property::new("department", Text).null(),
            Property::new("displayName", Text).null(),
            Property::new("givenName", Text).null(),
            Property::new("jobTitle", Text).null(),
            Property::new("mail", Text).null(),
            Property::new("onPremisesDistinguishedName", Text).null(),
            Property::new("onPremisesDomainName", Text).null(),
            Property::new("onPremisesImmutableId", Text).null(),
            Property::new("onPremisesSamAccountName", Text).null(),
            Property::new("onPremisesSecurityIdentifier", Text).null(),
            Property::new("onPremisesSyncEnabled", Flag).null().refused(),
            Property::new("onPremisesUserPrincipalName", Text).null(),
            Property::new("surname", Text).null(),
            Property::new("usageLocation", Text).null(),
            Property::new("userPrincipalName", Text).null(),
            Property::new("userType", Text).null(),
        ]),
];
