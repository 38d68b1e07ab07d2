//! Objects of Microsoft Entra ID: devices and users.

use jiff::Timestamp;

use super::app::short_type;
use super::observation::observation;
use super::{Binary, Device, Id, Personal, Text};

/// The identity behind a `deviceId`: a device's registration in Microsoft Entra ID.
///
/// This is not the device's directory object, whose id is an `Id<DirectoryDevice>`. Intune's `azureADDeviceId` refers
/// to this identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntraDevice {}

observation! {
    /// A device's object in Microsoft Entra ID.
    ///
    /// A hybrid joined machine has two such objects by design: the object created by the Autopilot registration, which
    /// has the [`ztd_id`](DirectoryDevice::ztd_id) and must not be deleted, and the object synced from Active
    /// Directory, for which [`is_hybrid`](DirectoryDevice::is_hybrid) returns `true`.
    pub struct DirectoryDevice = "device", id: Id<DirectoryDevice> {
        account_enabled: bool = "accountEnabled", "Whether the device may sign in.";
        /// The device's keys, for the service's own use.
        alternative_security_ids: Vec<AlternativeSecurityId> = "alternativeSecurityIds";
        /// The approximate time of the last sign-in.
        approximate_last_sign_in_date_time: Timestamp = "approximateLastSignInDateTime";
        /// The time at which compliance expires.
        compliance_expiration_date_time: Timestamp = "complianceExpirationDateTime";
        deleted_date_time: Timestamp = "deletedDateTime", "The time of the deletion.";
        device_category: Text = "deviceCategory", "The category that the user chose.";
        device_id: Id<EntraDevice> = "deviceId", "The device id; `id` is the object's.";
        device_metadata: Text = "deviceMetadata", "Metadata for the service's own use.";
        device_ownership: Text = "deviceOwnership", "The owner: the organization or an individual.";
        device_version: i32 = "deviceVersion", "A version for the service's own use.";
        /// The name, which is the serial number until the device is joined. Not unique.
        display_name: Text = "displayName";
        enrollment_profile_name: Text = "enrollmentProfileName", "The profile with which the device enrolled.";
        enrollment_type: Text = "enrollmentType", "The method of enrollment.";
        /// The organization's own attributes.
        extension_attributes: Box<ExtensionAttributes> = "extensionAttributes";
        hostnames: Vec<Text> = "hostnames", "The host names.";
        is_compliant: bool = "isCompliant", "Whether the device meets its compliance policies.";
        is_managed: bool = "isManaged", "Whether Intune or another service manages the device.";
        management_type: Text = "managementType", "The management channel.";
        manufacturer: Text = "manufacturer" | "Manufacturer", "The manufacturer.";
        mdm_app_id: Text = "mdmAppId", "The id of the service that manages the device.";
        model: Text = "model" | "Model", "The model.";
        /// The time of the last sync from Active Directory.
        on_premises_last_sync_date_time: Timestamp = "onPremisesLastSyncDateTime";
        /// The security identifier of the computer object in Active Directory.
        on_premises_security_identifier: Text = "onPremisesSecurityIdentifier";
        /// Whether the object is synced from Active Directory.
        on_premises_sync_enabled: bool = "onPremisesSyncEnabled";
        operating_system: Text = "operatingSystem", "The operating system, such as `Windows`.";
        operating_system_version: Text = "operatingSystemVersion", "The version of the operating system.";
        /// Labeled ids for the service's own use, such as `[ZTDId]:…` and `[OrderID]:…`.
        physical_ids: Vec<Text> = "physicalIds";
        profile_type: Text = "profileType", "The profile type.";
        registration_date_time: Timestamp = "registrationDateTime", "The time of the registration.";
        system_labels: Vec<Text> = "systemLabels", "The service's labels.";
        trust_type: Text = "trustType", "The kind of join: `Workplace`, `AzureAd` or `ServerAd` (hybrid).";
    }
}

impl DirectoryDevice {
    /// Returns `true` for the object of a hybrid joined machine.
    pub fn is_hybrid(&self) -> bool {
        self.trust_type.as_ref().is_some_and(|trust| trust.eq_ignore_ascii_case("ServerAd"))
    }

    /// Returns the Autopilot registration that created this object; `None` for other objects.
    pub fn ztd_id(&self) -> Option<Id<Device>> {
        self.physical_id("ZTDId")?.parse().ok()
    }

    /// Returns the group tag, as dynamic group rules see it.
    pub fn group_tag(&self) -> Option<&str> {
        self.physical_id("OrderID")
    }

    /// Returns the purchase order, as dynamic group rules see it.
    pub fn purchase_order_id(&self) -> Option<&str> {
        self.physical_id("PurchaseOrderId")
    }

    /// Returns the first of `physical_ids` with this label, without the label itself: `x` for `[Label]:x`. Labels are
    /// compared without regard to case.
    ///
    /// ```
    /// use windows_autopilot::model::DirectoryDevice;
    /// let mut device = DirectoryDevice::new("0f8fad5b-d9cb-469f-a165-70867728950e".parse()?);
    /// device.physical_ids = Some(vec!["[OrderID]:Munich".into()]);
    /// assert_eq!(device.physical_id("OrderID"), Some("Munich"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn physical_id(&self, label: &str) -> Option<&str> {
        self.physical_ids.iter().flatten().find_map(|id| {
            let (found, value) = id.strip_prefix('[')?.split_once("]:")?;
            (found.eq_ignore_ascii_case(label) && !value.is_empty()).then_some(value)
        })
    }
}

observation! {
    /// A key of a device or user, for the service's own use.
    pub struct AlternativeSecurityId = "alternativeSecurityId" {
        identity_provider: Text = "identityProvider", "The provider, for the service's own use.";
        key: Binary = "key", "The key.";
        r#type: i32 = "type", "The type, for the service's own use.";
    }
}

macro_rules! extension_attributes {
    ($( $number:literal, $field:ident = $wire:literal, $doc:literal; )+) => {
        observation! {
            /// The organization's own attributes, fifteen in all, which dynamic group rules can use.
            pub struct ExtensionAttributes = "onPremisesExtensionAttributes" {
                $( $field: Text = $wire, $doc; )+
            }
        }

        impl ExtensionAttributes {
            /// Returns the attribute with this number, from 1 to 15.
            pub fn get(&self, number: u8) -> Option<&Text> {
                match number {
                    $( $number => self.$field.as_ref(), )+
                    _ => None,
                }
            }
        }
    };
}

extension_attributes! {
    1, extension_attribute1 = "extensionAttribute1", "The first.";
    2, extension_attribute2 = "extensionAttribute2", "The second.";
    3, extension_attribute3 = "extensionAttribute3", "The third.";
    4, extension_attribute4 = "extensionAttribute4", "The fourth.";
    5, extension_attribute5 = "extensionAttribute5", "The fifth.";
    6, extension_attribute6 = "extensionAttribute6", "The sixth.";
    7, extension_attribute7 = "extensionAttribute7", "The seventh.";
    8, extension_attribute8 = "extensionAttribute8", "The eighth.";
    9, extension_attribute9 = "extensionAttribute9", "The ninth.";
    10, extension_attribute10 = "extensionAttribute10", "The tenth.";
    11, extension_attribute11 = "extensionAttribute11", "The eleventh.";
    12, extension_attribute12 = "extensionAttribute12", "The twelfth.";
    13, extension_attribute13 = "extensionAttribute13", "The thirteenth.";
    14, extension_attribute14 = "extensionAttribute14", "The fourteenth.";
    15, extension_attribute15 = "extensionAttribute15", "The fifteenth.";
}

observation! {
    /// A user in Microsoft Entra ID.
    pub struct User = "user", id: Id<User> {
        account_enabled: bool = "accountEnabled", "Whether the user may sign in.";
        created_date_time: Timestamp = "createdDateTime", "The time of the user's creation.";
        deleted_date_time: Timestamp = "deletedDateTime", "The time of the user's deletion.";
        department: Text = "department", "The department.";
        display_name: Personal = "displayName", "The full name.";
        given_name: Personal = "givenName", "The given name.";
        job_title: Text = "jobTitle", "The job title.";
        mail: Personal = "mail", "The mail address.";
        /// The distinguished name in Active Directory.
        on_premises_distinguished_name: Personal = "onPremisesDistinguishedName";
        on_premises_domain_name: Text = "onPremisesDomainName", "The DNS name of the Active Directory domain.";
        on_premises_immutable_id: Text = "onPremisesImmutableId", "The link to the user in Active Directory.";
        /// The sign-in name in Active Directory.
        on_premises_sam_account_name: Personal = "onPremisesSamAccountName";
        /// The security identifier in Active Directory.
        on_premises_security_identifier: Text = "onPremisesSecurityIdentifier";
        /// Whether the user is synced from Active Directory, as hybrid join requires.
        on_premises_sync_enabled: bool = "onPremisesSyncEnabled";
        /// The user principal name in Active Directory.
        on_premises_user_principal_name: Personal = "onPremisesUserPrincipalName";
        surname: Personal = "surname", "The surname.";
        /// The two-letter country code, which is required before a license can be assigned.
        usage_location: Text = "usageLocation";
        user_principal_name: Personal = "userPrincipalName", "The sign-in name.";
        user_type: Text = "userType", "The type: `Member` or `Guest`.";
    }
}

observation! {
    /// An object of any kind in Microsoft Entra ID, such as a member of a group.
    pub struct DirectoryObject = "directoryObject", id: Id<DirectoryObject> {
        deleted_date_time: Timestamp = "deletedDateTime", "The time of the deletion.";
    }
    beside {
        /// The name, which may be a person's; `None` for kinds without one.
        display_name: Personal = "displayName";
        odata_type: Text = "@odata.type", "The type as the service names it: see [`DirectoryObject::kind`].";
    }
}

impl DirectoryObject {
    /// Returns the kind of object, such as `device` or `user`; `None` if the service did not name it.
    pub fn kind(&self) -> Option<&str> {
        self.odata_type.as_deref().map(short_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(json: &str) -> DirectoryDevice {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn physical_ids_are_found_by_label_in_any_case() {
        for label in ["ZTDId", "ZTDID", "ZTDid"] {
            let ids = format!(
                r#"["[USER-GID]:x","[GID]:y","[{label}]:2c1f","[OrderId]:Kiosk: [A]","[PurchaseOrderId]:7"]"#
            );
            let read = device(&format!(r#"{{"id":"1","physicalIds":{ids}}}"#));
            assert_eq!(read.ztd_id().unwrap().as_str(), "2c1f");
            assert_eq!((read.group_tag(), read.purchase_order_id()), (Some("Kiosk: [A]"), Some("7")));
        }
        let json =
            r#"{"id":"1","physicalIds":["ZTDId:1","[ZTDId]","[ZTDId]:","[","[OrderID]:",null,"[é]:"]}"#;
        let none = device(json);
        assert_eq!((none.ztd_id(), none.group_tag(), none.purchase_order_id()), (None, None, None));
        assert_eq!(device(r#"{"id":"1","physicalIds":null}"#).ztd_id(), None);
    }

    #[test]
    fn only_server_ad_is_hybrid() {
        for (json, hybrid) in [
            (r#"{"id":"1","trustType":"ServerAd"}"#, true),
            (r#"{"id":"1","trustType":"serverAD"}"#, true),
            (r#"{"id":"1","trustType":"AzureAd"}"#, false),
            (r#"{"id":"1","trustType":"Workplace"}"#, false),
            (r#"{"id":"1","trustType":null}"#, false),
            (r#"{"id":"1"}"#, false),
        ] {
            assert_eq!(device(json).is_hybrid(), hybrid, "{json}");
        }
    }

    #[test]
    fn maker_and_model_are_read_in_both_spellings_and_written_in_that_of_the_schema() {
        for json in [
            r#"{"id":"1","Manufacturer":"Contoso","Model":"Slate"}"#,
            r#"{"id":"1","manufacturer":"Contoso","model":"Slate"}"#,
        ] {
            let written = serde_json::to_string(&device(json)).unwrap();
            assert_eq!(written, r#"{"id":"1","manufacturer":"Contoso","model":"Slate"}"#);
        }
    }

    #[test]
    fn a_key_that_is_no_base64_costs_the_key_alone() {
        let json = r#"{"id":"1","alternativeSecurityIds":[{"type":2,"identityProvider":null,"key":"base64Y3YxN2E1MWFlYw=="}]}"#;
        let read = device(json);
        let expected = AlternativeSecurityId { r#type: Some(2), ..AlternativeSecurityId::default() };
        assert_eq!(read.alternative_security_ids.unwrap(), [expected]);
    }

    #[test]
    fn extension_attributes_are_found_by_number() {
        let json: String = (1..=15).map(|n| format!(r#","extensionAttribute{n}":"{n}""#)).collect();
        let json = json.trim_start_matches(',');
        let read = device(&format!(r#"{{"id":"1","extensionAttributes":{{{json}}}}}"#));
        let attributes = read.extension_attributes.unwrap();
        for number in 1..=15 {
            assert_eq!(*attributes.get(number).unwrap(), *number.to_string());
        }
        assert_eq!((attributes.get(0), attributes.get(16)), (None, None));
    }

    #[test]
    fn no_name_of_a_person_is_in_debug() {
        let json = r#"{"id":"1","displayName":"Adele Vance","givenName":"Adele","surname":"Vance","mail":"adele@contoso.com",
                "userPrincipalName":"adele@contoso.com","onPremisesDistinguishedName":"CN=Adele Vance,DC=contoso",
                "onPremisesSamAccountName":"adele","onPremisesUserPrincipalName":"adele@contoso.com"}"#;
        let user: User = serde_json::from_str(json).unwrap();
        let json = r##"{"@odata.type":"#microsoft.graph.user","id":"1","displayName":"Adele Vance"}"##;
        let member: DirectoryObject = serde_json::from_str(json).unwrap();
        assert_eq!(member.kind(), Some("user"));
        let debug = format!("{user:?}{member:?}").to_lowercase();
        assert!(!debug.contains("adele") && !debug.contains("vance"), "{debug}");
    }
}
