//! Properties of devices in rules, and the sources of their values.

use std::fmt;

use serde_json::{Map, Value};

use crate::model::{DirectoryDevice, Id, Text};

/// The type of a device property, which decides the operators it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    List,
}

/// One row per property: the variant, its name in a rule, its type, its path in Graph's `device`, and its value.
macro_rules! device_properties {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $kind:ident, $graph:expr, |$device:pat_param| $value:expr; )+) => {
        /// A device attribute that a membership rule can use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DeviceProperty {
            $( $(#[$doc])* #[doc = concat!("`device.", $name, "`")] $variant, )+
        }

        impl DeviceProperty {
            /// Every property, in the order of Microsoft's list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the name in a rule, such as `deviceOSType`.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// Returns the path in Graph's `device`, such as `operatingSystem`, with a slash for nested properties.
            /// `None` if a device has no such property.
            pub fn graph_path(self) -> Option<&'static str> {
                match self { $( Self::$variant => $graph, )+ }
            }

            pub(super) fn kind(self) -> Kind {
                match self { $( Self::$variant => Kind::$kind, )+ }
            }
        }

        /// Reads a directory device. It has no `isRooted` or `memberOf`, so they count as missing.
        impl DeviceAttributes for DirectoryDevice {
            fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
                match property { $( DeviceProperty::$variant => { let $device = self; $value } )+ }
            }
        }
    };
}

device_properties! {
    AccountEnabled = "accountEnabled", Bool, Some("accountEnabled"), |device| device.account_enabled.into();
    DeviceCategory = "deviceCategory", Text, Some("deviceCategory"), |device| text(&device.device_category);
    /// The device id, not the directory object's id.
    DeviceId = "deviceId", Text, Some("deviceId"), |device| device.device_id.as_ref().map(Id::as_str).into();
    DeviceManagementAppId = "deviceManagementAppId", Text, Some("mdmAppId"), |device| text(&device.mdm_app_id);
    DeviceManufacturer = "deviceManufacturer", Text, Some("manufacturer"), |device| text(&device.manufacturer);
    DeviceModel = "deviceModel", Text, Some("model"), |device| text(&device.model);
    DisplayName = "displayName", Text, Some("displayName"), |device| text(&device.display_name);
    DeviceOsType = "deviceOSType", Text, Some("operatingSystem"), |device| text(&device.operating_system);
    DeviceOsVersion = "deviceOSVersion", Text, Some("operatingSystemVersion"), |device| text(&device.operating_system_version);
    DeviceOwnership = "deviceOwnership", Text, Some("deviceOwnership"), |device| text(&device.device_ownership);
    /// Autopilot's labeled ids: `[ZTDId]:…`, `[OrderID]:<group tag>`, `[PurchaseOrderId]:…`.
    DevicePhysicalIds = "devicePhysicalIds", List, Some("physicalIds"), |device| list(&device.physical_ids);
    DeviceTrustType = "deviceTrustType", Text, Some("trustType"), |device| text(&device.trust_type);
    EnrollmentProfileName = "enrollmentProfileName", Text, Some("enrollmentProfileName"), |device| text(&device.enrollment_profile_name);
    ExtensionAttribute1 = "extensionAttribute1", Text, Some("extensionAttributes/extensionAttribute1"), |device| extension(device, 1);
    ExtensionAttribute2 = "extensionAttribute2", Text, Some("extensionAttributes/extensionAttribute2"), |device| extension(device, 2);
    ExtensionAttribute3 = "extensionAttribute3", Text, Some("extensionAttributes/extensionAttribute3"), |device| extension(device, 3);
    ExtensionAttribute4 = "extensionAttribute4", Text, Some("extensionAttributes/extensionAttribute4"), |device| extension(device, 4);
    ExtensionAttribute5 = "extensionAttribute5", Text, Some("extensionAttributes/extensionAttribute5"), |device| extension(device, 5);
    ExtensionAttribute6 = "extensionAttribute6", Text, Some("extensionAttributes/extensionAttribute6"), |device| extension(device, 6);
    ExtensionAttribute7 = "extensionAttribute7", Text, Some("extensionAttributes/extensionAttribute7"), |device| extension(device, 7);
    ExtensionAttribute8 = "extensionAttribute8", Text, Some("extensionAttributes/extensionAttribute8"), |device| extension(device, 8);
    ExtensionAttribute9 = "extensionAttribute9", Text, Some("extensionAttributes/extensionAttribute9"), |device| extension(device, 9);
    ExtensionAttribute10 = "extensionAttribute10", Text, Some("extensionAttributes/extensionAttribute10"), |device| extension(device, 10);
    ExtensionAttribute11 = "extensionAttribute11", Text, Some("extensionAttributes/extensionAttribute11"), |device| extension(device, 11);
    ExtensionAttribute12 = "extensionAttribute12", Text, Some("extensionAttributes/extensionAttribute12"), |device| extension(device, 12);
    ExtensionAttribute13 = "extensionAttribute13", Text, Some("extensionAttributes/extensionAttribute13"), |device| extension(device, 13);
    ExtensionAttribute14 = "extensionAttribute14", Text, Some("extensionAttributes/extensionAttribute14"), |device| extension(device, 14);
    ExtensionAttribute15 = "extensionAttribute15", Text, Some("extensionAttributes/extensionAttribute15"), |device| extension(device, 15);
    IsRooted = "isRooted", Bool, Some("isRooted"), |_| Attribute::Absent;
    ManagementType = "managementType", Text, Some("managementType"), |device| text(&device.management_type);
    /// The object ids of the groups that directly contain the device.
    MemberOf = "memberOf", List, Some("memberOf"), |_| Attribute::Absent;
    /// The directory object's id, Graph's `id`.
    ObjectId = "objectId", Text, Some("id"), |device| device.id.as_str().into();
    /// A property that Entra does not recognize and that is never set. Do not use it.
    OrganizationalUnit = "organizationalUnit", Text, None, |_| Attribute::Absent;
    ProfileType = "profileType", Text, Some("profileType"), |device| text(&device.profile_type);
    SystemLabels = "systemLabels", List, Some("systemLabels"), |device| list(&device.system_labels);
}

impl DeviceProperty {
    /// Returns the property with this name, ignoring case.
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|property| property.as_str().eq_ignore_ascii_case(name))
    }

    /// Returns `true` if `name` is a spelling that Microsoft's pages use.
    pub(super) fn is_documented_as(self, name: &str) -> bool {
        name == self.as_str()
            || matches!(
                (self, name),
                (Self::DevicePhysicalIds, "devicePhysicalIDs") | (Self::MemberOf, "memberof")
            )
    }

    /// Returns the name of one item of the list inside `-any (…)`.
    pub(super) fn element(self) -> &'static str {
        if self == Self::MemberOf { "group.objectId" } else { "_" }
    }
}

impl fmt::Display for DeviceProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of a device's property, borrowed from the device.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Attribute<'a> {
    /// Missing. Empty strings and empty lists also count as missing.
    Absent,
    /// Text.
    Text(&'a str),
    /// True or false.
    Bool(bool),
    /// A list of strings.
    List(TextList<'a>),
}

impl<'a> From<&'a str> for Attribute<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Attribute<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<TextList<'a>> for Attribute<'a> {
    fn from(list: TextList<'a>) -> Self {
        Self::List(list)
    }
}

impl<'a, T: Into<Attribute<'a>>> From<Option<T>> for Attribute<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// A borrowed list of strings, in any container.
#[derive(Debug, Clone, Copy)]
pub struct TextList<'a>(Items<'a>);

#[derive(Debug, Clone, Copy)]
enum Items<'a> {
    Texts(&'a [Text]),
    Strings(&'a [String]),
    Strs(&'a [&'a str]),
    Json(&'a [Value]),
}

impl<'a> TextList<'a> {
    /// Returns the strings, in order.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let item = move |index: usize| match self.0 {
            Items::Texts(items) => items.get(index).map(|text| Some(text.as_str())),
            Items::Strings(items) => items.get(index).map(|text| Some(text.as_str())),
            Items::Strs(items) => items.get(index).map(|text| Some(*text)),
            // A link such as `memberOf` comes as objects with an id.
            Items::Json(items) => items.get(index).map(|item| item.get("id").unwrap_or(item).as_str()),
        };
        (0..).map_while(item).flatten()
    }
}

macro_rules! text_lists {
    ($( $(#[$doc:meta])* $item:ty => $items:ident; )+) => { $(
        $(#[$doc])*
        impl<'a> From<&'a [$item]> for TextList<'a> {
            fn from(items: &'a [$item]) -> Self {
                Self(Items::$items(items))
            }
        }
    )+ };
}

text_lists! {
    Text => Texts;
    String => Strings;
    &'a str => Strs;
    /// The strings in a JSON array; for an object in the array, the object's `id`.
    Value => Json;
}

/// A device against which a rule can be evaluated.
///
/// Implemented for [`DirectoryDevice`] and for Graph's JSON form of a `device`; implement it for your own types:
///
/// ```
/// use windows_autopilot::model::rule::{Attribute, DeviceAttributes, DeviceProperty, MembershipRule, TextList};
///
/// struct Record { object_id: String, physical_ids: Vec<String> }
///
/// impl DeviceAttributes for Record {
///     fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
///         match property {
///             DeviceProperty::ObjectId => self.object_id.as_str().into(),
///             DeviceProperty::DevicePhysicalIds => TextList::from(&self.physical_ids[..]).into(),
///             _ => Attribute::Absent,
///         }
///     }
/// }
///
/// let record = Record { object_id: "4a1f".into(), physical_ids: vec!["[OrderID]:Kiosk".into()] };
/// assert!(MembershipRule::group_tag("kiosk")?.matches(&record));
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
pub trait DeviceAttributes {
    /// Returns the device's value for `property`; [`Attribute::Absent`] if it has none.
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_>;
}

impl<T: DeviceAttributes + ?Sized> DeviceAttributes for &T {
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
        (**self).attribute(property)
    }
}

fn text(text: &Option<Text>) -> Attribute<'_> {
    text.as_deref().into()
}

fn list(list: &Option<Vec<Text>>) -> Attribute<'_> {
    list.as_deref().map(TextList::from).into()
}

fn extension(device: &DirectoryDevice, number: u8) -> Attribute<'_> {
    device.extension_attributes.as_ref().and_then(|all| all.get(number)).map(Text::as_str).into()
}

/// Reads a `device` in Graph's JSON.
impl DeviceAttributes for Map<String, Value> {
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
        let value = property.graph_path().and_then(|path| match path.split_once('/') {
            Some((outer, inner)) => self.get(outer)?.get(inner),
            None => self.get(path),
        });
        match value {
            Some(Value::String(text)) => Attribute::Text(text),
            Some(Value::Bool(value)) => Attribute::Bool(*value),
            Some(Value::Array(items)) => Attribute::List(TextList::from(items.as_slice())),
            _ => Attribute::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(list: TextList<'_>) -> Vec<&str> {
        list.iter().collect()
    }

    #[test]
    fn a_property_is_found_by_its_name_in_any_case_and_by_no_other_name() {
        for property in DeviceProperty::ALL {
            assert_eq!(DeviceProperty::find(&property.as_str().to_uppercase()), Some(*property));
            assert!(property.is_documented_as(property.as_str()));
        }
        assert_eq!(DeviceProperty::find("operatingSystem"), None);
        assert!(DeviceProperty::DevicePhysicalIds.is_documented_as("devicePhysicalIDs"));
        assert!(!DeviceProperty::DevicePhysicalIds.is_documented_as("devicephysicalids"));
    }

    #[test]
    fn a_list_reads_the_same_from_every_holder() {
        let expected = ["a", "b"];
        assert_eq!(texts(TextList::from(&expected[..])), expected);
        assert_eq!(texts(TextList::from(&["a".to_owned(), "b".to_owned()][..])), expected);
        assert_eq!(texts(TextList::from(&[Text::from("a"), Text::from("b")][..])), expected);
        assert_eq!(texts(TextList::from(&[json!("a"), json!({ "id": "b" }), json!(3)][..])), expected);
    }

    #[test]
    fn graphs_json_gives_every_property_by_its_own_name() {
        let device = json!({
            "id": "object", "accountEnabled": true, "operatingSystem": "Windows", "mdmAppId": null,
            "physicalIds": ["[ZTDId]:1"], "memberOf": [{ "id": "group" }],
            "extensionAttributes": { "extensionAttribute7": "seven" }, "organizationalUnit": "OU=x",
        });
        let device = device.as_object().unwrap();
        let text = |property| match device.attribute(property) {
            Attribute::Text(text) => Some(text),
            _ => None,
        };
        assert_eq!(text(DeviceProperty::ObjectId), Some("object"));
        assert_eq!(text(DeviceProperty::DeviceOsType), Some("Windows"));
        assert_eq!(text(DeviceProperty::ExtensionAttribute7), Some("seven"));
        for absent in [
            DeviceProperty::DeviceManagementAppId,
            DeviceProperty::ExtensionAttribute1,
            DeviceProperty::OrganizationalUnit,
            DeviceProperty::IsRooted,
        ] {
            assert!(matches!(device.attribute(absent), Attribute::Absent), "{absent}");
        }
        assert!(matches!(device.attribute(DeviceProperty::AccountEnabled), Attribute::Bool(true)));
        for (property, expected) in
            [(DeviceProperty::DevicePhysicalIds, "[ZTDId]:1"), (DeviceProperty::MemberOf, "group")]
        {
            let Attribute::List(list) = device.attribute(property) else { panic!("{property}") };
            assert_eq!(texts(list), [expected]);
        }
    }

    #[test]
    fn a_typed_device_answers_as_its_json_does() {
        let mut json = json!({ "id": "object", "extensionAttributes": {} });
        for property in DeviceProperty::ALL {
            let value = match property.kind() {
                Kind::Text => json!(format!("{property}-value")),
                Kind::Bool => json!(true),
                Kind::List => json!(["one", "two"]),
            };
            match property.graph_path().map(|path| path.split_once('/').ok_or(path)) {
                Some(Ok((outer, inner))) => json[outer][inner] = value,
                Some(Err(path)) => json[path] = value,
                None => {}
            }
        }
        let typed: DirectoryDevice = serde_json::from_value(json.clone()).unwrap();
        for property in DeviceProperty::ALL {
            let shown = |attribute: Attribute<'_>| match attribute {
                Attribute::List(list) => format!("{:?}", texts(list)),
                other => format!("{other:?}"),
            };
            let expected = match property {
                DeviceProperty::IsRooted | DeviceProperty::MemberOf => Attribute::Absent,
                _ => json.as_object().unwrap().attribute(*property),
            };
            assert_eq!(shown(typed.attribute(*property)), shown(expected), "{property}");
        }
    }
}
