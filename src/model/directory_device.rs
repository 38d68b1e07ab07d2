//! Objects of Microsoft Entra ID: devices and users.

use jiff::Timestamp;

use super::app::short_type;
use super::observation::observation;
use super::{Binary, Device, Id, Personal, Text};

/// What a `deviceId` identifies: a device's registration in Microsoft Entra ID.
///
/// Not the device's object in the directory, whose id is an `Id<DirectoryDevice>`. Where Intune writes
/// `azureADDeviceId`, it means this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntraDevice {}

observation! {
    /// A device's object in Microsoft Entra ID.
    ///
    /// A hybrid joined machine has two by design: the one that Autopilot made when it was registered, which holds the
    /// [`ztd_id`](DirectoryDevice::ztd_id) and must not be deleted, and the one that was synced from Active Directory,
    /// which is [`is_hybrid`](DirectoryDevice::is_hybrid).
    pub struct DirectoryDevice = "device", id: Id<DirectoryDevice> {
        /// Whether it may sign in.
        pub account_enabled: Option<bool> = "accountEnabled",
        /// For the service's own use: keys of the device.
        pub alternative_security_ids: Option<Vec<AlternativeSecurityId>> = "alternativeSecurityIds",
        /// When it last signed in, about.
        pub approximate_last_sign_in_date_time: Option<Timestamp> = "approximateLastSignInDateTime",
        /// When it stops being compliant.
        pub compliance_expiration_date_time: Option<Timestamp> = "complianceExpirationDateTime",
        /// When it was deleted.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
        /// Category that the user chose.
        pub device_category: Option<Text> = "deviceCategory",
        /// Its id as a device; `id` is that of this object.
        pub device_id: Option<Id<EntraDevice>> = "deviceId",
        /// For the service's own use.
        pub device_metadata: Option<Text> = "deviceMetadata",
        /// Whether it belongs to the organization or to a person.
        pub device_ownership: Option<Text> = "deviceOwnership",
        /// For the service's own use.
        pub device_version: Option<i32> = "deviceVersion",
        /// Its name: the serial number until it is joined. Not unique, and no key.
        pub display_name: Option<Text> = "displayName",
        /// The profile that it was enrolled with.
        pub enrollment_profile_name: Option<Text> = "enrollmentProfileName",
        /// How it was enrolled.
        pub enrollment_type: Option<Text> = "enrollmentType",
        /// Attributes that the organization gives a meaning.
        pub extension_attributes: Option<Box<ExtensionAttributes>> = "extensionAttributes",
        /// Host names.
        pub hostnames: Option<Vec<Text>> = "hostnames",
        /// Whether it meets its compliance policies.
        pub is_compliant: Option<bool> = "isCompliant",
        /// Whether Intune or another service manages it.
        pub is_managed: Option<bool> = "isManaged",
        /// What manages it.
        pub management_type: Option<Text> = "managementType",
        /// Who made it.
        pub manufacturer: Option<Text> = "manufacturer" | "Manufacturer",
        /// The service that manages it.
        pub mdm_app_id: Option<Text> = "mdmAppId",
        /// Its model.
        pub model: Option<Text> = "model" | "Model",
        /// When it was last synced from Active Directory.
        pub on_premises_last_sync_date_time: Option<Timestamp> = "onPremisesLastSyncDateTime",
        /// Security identifier of the computer object in Active Directory.
        pub on_premises_security_identifier: Option<Text> = "onPremisesSecurityIdentifier",
        /// Whether it is synced from Active Directory.
        pub on_premises_sync_enabled: Option<bool> = "onPremisesSyncEnabled",
        /// Operating system, such as `Windows`.
        pub operating_system: Option<Text> = "operatingSystem",
        /// Version of the operating system.
        pub operating_system_version: Option<Text> = "operatingSystemVersion",
        /// For the service's own use: labelled ids, such as `[ZTDId]:…` and `[OrderID]:…`.
        pub physical_ids: Option<Vec<Text>> = "physicalIds",
        /// Profile type.
        pub profile_type: Option<Text> = "profileType",
        /// When it was registered.
        pub registration_date_time: Option<Timestamp> = "registrationDateTime",
        /// Labels of the service.
        pub system_labels: Option<Vec<Text>> = "systemLabels",
        /// How it is joined: `Workplace`, `AzureAd` or `ServerAd` (hybrid).
        pub trust_type: Option<Text> = "trustType",
    }
}

impl DirectoryDevice {
    /// Whether it is the object of a hybrid joined machine.
    pub fn is_hybrid(&self) -> bool {
        self.trust_type.as_ref().is_some_and(|trust| trust.eq_ignore_ascii_case("ServerAd"))
    }

    /// The Autopilot registration that this object was made for: on the object that Autopilot made, and on no other.
    pub fn ztd_id(&self) -> Option<Id<Device>> {
        self.physical_id("ZTDId")?.parse().ok()
    }

    /// The group tag, as rules of dynamic groups see it.
    pub fn group_tag(&self) -> Option<&str> {
        self.physical_id("OrderID")
    }

    /// The purchase order, as rules of dynamic groups see it.
    pub fn purchase_order_id(&self) -> Option<&str> {
        self.physical_id("PurchaseOrderId")
    }

    /// The first of `physical_ids` with this label, without it: `x` of `[Label]:x`. Labels differ in case by source.
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
        /// For the service's own use.
        pub identity_provider: Option<Text> = "identityProvider",
        /// The key.
        pub key: Option<Binary> = "key",
        /// For the service's own use.
        pub r#type: Option<i32> = "type",
    }
}

observation! {
    /// Fifteen attributes that the organization gives a meaning; rules of dynamic groups can ask for them.
    pub struct ExtensionAttributes = "onPremisesExtensionAttributes" {
        /// The first.
        pub extension_attribute1: Option<Text> = "extensionAttribute1",
        /// The second.
        pub extension_attribute2: Option<Text> = "extensionAttribute2",
        /// The third.
        pub extension_attribute3: Option<Text> = "extensionAttribute3",
        /// The fourth.
        pub extension_attribute4: Option<Text> = "extensionAttribute4",
        /// The fifth.
        pub extension_attribute5: Option<Text> = "extensionAttribute5",
        /// The sixth.
        pub extension_attribute6: Option<Text> = "extensionAttribute6",
        /// The seventh.
        pub extension_attribute7: Option<Text> = "extensionAttribute7",
        /// The eighth.
        pub extension_attribute8: Option<Text> = "extensionAttribute8",
        /// The ninth.
        pub extension_attribute9: Option<Text> = "extensionAttribute9",
        /// The tenth.
        pub extension_attribute10: Option<Text> = "extensionAttribute10",
        /// The eleventh.
        pub extension_attribute11: Option<Text> = "extensionAttribute11",
        /// The twelfth.
        pub extension_attribute12: Option<Text> = "extensionAttribute12",
        /// The thirteenth.
        pub extension_attribute13: Option<Text> = "extensionAttribute13",
        /// The fourteenth.
        pub extension_attribute14: Option<Text> = "extensionAttribute14",
        /// The fifteenth.
        pub extension_attribute15: Option<Text> = "extensionAttribute15",
    }
}

impl ExtensionAttributes {
    /// The attribute of this number, from 1 to 15.
    pub fn get(&self, number: u8) -> Option<&Text> {
        match number {
            1 => self.extension_attribute1.as_ref(),
            2 => self.extension_attribute2.as_ref(),
            3 => self.extension_attribute3.as_ref(),
            4 => self.extension_attribute4.as_ref(),
            5 => self.extension_attribute5.as_ref(),
            6 => self.extension_attribute6.as_ref(),
            7 => self.extension_attribute7.as_ref(),
            8 => self.extension_attribute8.as_ref(),
            9 => self.extension_attribute9.as_ref(),
            10 => self.extension_attribute10.as_ref(),
            11 => self.extension_attribute11.as_ref(),
            12 => self.extension_attribute12.as_ref(),
            13 => self.extension_attribute13.as_ref(),
            14 => self.extension_attribute14.as_ref(),
            15 => self.extension_attribute15.as_ref(),
            _ => None,
        }
    }
}

observation! {
    /// A user in Microsoft Entra ID.
    pub struct User = "user", id: Id<User> {
        /// Whether the user may sign in.
        pub account_enabled: Option<bool> = "accountEnabled",
        /// When the user was created.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When the user was deleted.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
        /// Department.
        pub department: Option<Text> = "department",
        /// Full name.
        pub display_name: Option<Personal> = "displayName",
        /// Given name.
        pub given_name: Option<Personal> = "givenName",
        /// Job title.
        pub job_title: Option<Text> = "jobTitle",
        /// Mail address.
        pub mail: Option<Personal> = "mail",
        /// Distinguished name in Active Directory.
        pub on_premises_distinguished_name: Option<Personal> = "onPremisesDistinguishedName",
        /// DNS name of the Active Directory domain.
        pub on_premises_domain_name: Option<Text> = "onPremisesDomainName",
        /// What ties the user to the one in Active Directory.
        pub on_premises_immutable_id: Option<Text> = "onPremisesImmutableId",
        /// Sign-in name in Active Directory.
        pub on_premises_sam_account_name: Option<Personal> = "onPremisesSamAccountName",
        /// Security identifier in Active Directory.
        pub on_premises_security_identifier: Option<Text> = "onPremisesSecurityIdentifier",
        /// Whether the user is synced from Active Directory: hybrid join is for those.
        pub on_premises_sync_enabled: Option<bool> = "onPremisesSyncEnabled",
        /// User principal name in Active Directory.
        pub on_premises_user_principal_name: Option<Personal> = "onPremisesUserPrincipalName",
        /// Surname.
        pub surname: Option<Personal> = "surname",
        /// Country, in two letters: needed before a licence can be assigned.
        pub usage_location: Option<Text> = "usageLocation",
        /// Sign-in name.
        pub user_principal_name: Option<Personal> = "userPrincipalName",
        /// `Member` or `Guest`.
        pub user_type: Option<Text> = "userType",
    }
}

observation! {
    /// An object of Microsoft Entra ID of any kind, such as a member of a group.
    pub struct DirectoryObject = "directoryObject", id: Id<DirectoryObject> {
        /// When it was deleted.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
    }
    beside {
        /// Its name, which may be a person's: kinds that have one report it.
        pub display_name: Option<Personal> = "displayName",
        /// The type as the service names it: see [`DirectoryObject::kind`].
        pub odata_type: Option<Text> = "@odata.type",
    }
}

impl DirectoryObject {
    /// The kind of object, such as `device` or `user`; `None` if the service did not name it.
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
            let read = device(&format!(
                r#"{{"id":"1","physicalIds":["[USER-GID]:x","[GID]:y","[{label}]:2c1f","[OrderId]:Kiosk: [A]","[PurchaseOrderId]:7"]}}"#
            ));
            assert_eq!(read.ztd_id().unwrap().as_str(), "2c1f");
            assert_eq!((read.group_tag(), read.purchase_order_id()), (Some("Kiosk: [A]"), Some("7")));
        }
        let none = device(
            r#"{"id":"1","physicalIds":["ZTDId:1","[ZTDId]","[ZTDId]:","[","[OrderID]:",null,"[é]:"]}"#,
        );
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
        let read = device(
            r#"{"id":"1","alternativeSecurityIds":[{"type":2,"identityProvider":null,"key":"base64Y3YxN2E1MWFlYw=="}]}"#,
        );
        let expected = AlternativeSecurityId { r#type: Some(2), ..AlternativeSecurityId::default() };
        assert_eq!(read.alternative_security_ids.unwrap(), [expected]);
    }

    #[test]
    fn extension_attributes_are_found_by_number() {
        let json: String = (1..=15).map(|n| format!(r#","extensionAttribute{n}":"{n}""#)).collect();
        let read =
            device(&format!(r#"{{"id":"1","extensionAttributes":{{{}}}}}"#, json.trim_start_matches(',')));
        let attributes = read.extension_attributes.unwrap();
        for number in 1..=15 {
            assert_eq!(*attributes.get(number).unwrap(), *number.to_string());
        }
        assert_eq!((attributes.get(0), attributes.get(16)), (None, None));
    }

    #[test]
    fn no_name_of_a_person_is_in_debug() {
        let user: User = serde_json::from_str(
            r#"{"id":"1","displayName":"Adele Vance","givenName":"Adele","surname":"Vance","mail":"adele@contoso.com",
                "userPrincipalName":"adele@contoso.com","onPremisesDistinguishedName":"CN=Adele Vance,DC=contoso",
                "onPremisesSamAccountName":"adele","onPremisesUserPrincipalName":"adele@contoso.com"}"#,
        )
        .unwrap();
        let member: DirectoryObject = serde_json::from_str(
            r##"{"@odata.type":"#microsoft.graph.user","id":"1","displayName":"Adele Vance"}"##,
        )
        .unwrap();
        assert_eq!(member.kind(), Some("user"));
        let debug = format!("{user:?}{member:?}").to_lowercase();
        assert!(!debug.contains("adele") && !debug.contains("vance"), "{debug}");
    }
}
