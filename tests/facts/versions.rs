//! The versions that a write is offered in, against the properties that the types of each version have.

use serde_json::Value;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::{ApiVersion, Call, Operation};
use windows_autopilot::model::{
    AssignmentFilterType, DeviceToImport, DomainJoinProfile, EnrollmentStatusPage, ExtensionAttributes,
    Group, Membership, MembershipRule, Personal, Target,
};
use windows_autopilot::resource::{DeviceUpdate, DirectoryDeviceUpdate};
use windows_autopilot::transport::transport_fn;
use windows_autopilot::{Client, ErrorKind};

use crate::files::{self, Types};

/// Properties that the types of `v1.0` lack, though the page of the operation sends them in `v1.0`.
const ON_PAGES_ALONE: [&str; 1] = ["extensionAttributes"];

fn client() -> Client {
    let service = transport_fn(|request| async move { panic!("sent {}", request.uri()) });
    Client::builder(FixedToken::new("token")).with_transport(service).build().unwrap()
}

/// A write: the type of its body or the name of its action, its versions and its body.
struct Write {
    of: &'static str,
    name: &'static str,
    exists_in: &'static [ApiVersion],
    offered_in: &'static [ApiVersion],
    body: Value,
}

/// The writes that exist in both versions, each with every property that it can send.
fn writes(client: &Client) -> Vec<Write> {
    fn write<T>(of: &'static str, call: Call<T>) -> Write {
        let operation: Operation<T> = call.into_operation();
        Write {
            of,
            name: operation.info().name,
            exists_in: operation.info().versions,
            offered_in: operation.versions(),
            body: serde_json::from_slice(operation.body().unwrap()).unwrap(),
        }
    }
    let page = EnrollmentStatusPage::new("Autopilot".parse().unwrap());
    let join = DomainJoinProfile::new(
        "Munich".parse().unwrap(),
        "corp.contoso.com".parse().unwrap(),
        "MUC-".parse().unwrap(),
    );
    let group = Group::new("Autopilot".parse().unwrap())
        .with_description("Laptops".into())
        .with_membership(Membership::dynamic(MembershipRule::all_autopilot_devices()));
    let device = DeviceToImport::new("PF-1".parse().unwrap(), "T0EAAAA=".parse().unwrap())
        .with_group_tag("Munich".parse().unwrap());
    let user = "adele@contoso.com".parse().unwrap();
    let update = DeviceUpdate::new()
        .with_group_tag(None)
        .with_addressable_user_name(Personal::from("Adele"))
        .with_user_principal_name(&user)
        .with_display_name("PF-1");
    let mut attributes = ExtensionAttributes::default();
    attributes.extension_attribute1 = Some("x".into());
    let directory_update =
        DirectoryDeviceUpdate::new().with_account_enabled(true).with_extension_attributes(attributes);
    let plain = Target::group("g1".parse().unwrap());
    let filtered = plain.clone().with_filter("f1".parse().unwrap(), AssignmentFilterType::Include);
    let id = "i1";
    let mut writes = vec![
        write(
            "windows10EnrollmentCompletionPageConfiguration",
            client.enrollment_status_pages().create(&page),
        ),
        write("windowsDomainJoinConfiguration", client.domain_join_profiles().create(&join)),
        write("group", client.groups().create(&group)),
        write("device", client.directory_devices().update(&id.parse().unwrap(), &directory_update)),
        write("importedWindowsAutopilotDeviceIdentity", client.imports().create(&device)),
        write("import", client.imports().import(&[device])),
        write("updateDeviceProperties", client.devices().update(&id.parse().unwrap(), &update)),
        write(
            "assignUserToDevice",
            client.devices().assign_user(&id.parse().unwrap(), &user, &Personal::from("Adele")),
        ),
        write("setPriority", client.enrollment_status_pages().set_priority(&id.parse().unwrap(), 1)),
    ];
    for target in [plain, filtered] {
        let (page, join) = (id.parse().unwrap(), id.parse().unwrap());
        let pages = client.enrollment_status_pages().assignments(&page);
        let joins = client.domain_join_profiles().assignments(&join);
        let assignment = id.parse().unwrap();
        writes.push(write("enrollmentConfigurationAssignment", pages.add(&target)));
        writes.push(write("enrollmentConfigurationAssignment", pages.update(&assignment, &target)));
        writes.push(write("deviceConfigurationAssignment", joins.add(&target)));
        writes.push(write("deviceConfigurationAssignment", joins.update(&assignment, &target)));
    }
    writes
}

/// Returns the name and the type of everything that a type, or an action, takes; `None` if there is no such type.
fn properties(of: &str, types: &Types, actions: &Value) -> Option<Vec<(String, String)>> {
    if types.find(of).is_some() {
        return Some(types.properties(of).into_iter().map(|property| (property.name, property.ty)).collect());
    }
    let action = actions.as_array().unwrap().iter().find(|action| action["name"] == of)?;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let parameters = action["parameters"].as_array().unwrap();
    Some(parameters.iter().map(|of| (text(&of["name"]), text(&of["type"]))).collect())
}

/// Returns `true` if a type has every property of a body, and so have the types of what is in it.
fn has_all(of: &str, body: &Value, types: &Types, actions: &Value) -> bool {
    let named = body["@odata.type"].as_str().map(|name| name.trim_start_matches("#microsoft.graph."));
    let Some(known) = properties(named.unwrap_or(of), types, actions) else { return false };
    let mut sent = body.as_object().unwrap().iter().filter(|(name, _)| !name.contains('@'));
    sent.all(|(name, value)| {
        let Some((_, ty)) = known.iter().find(|(known, _)| known == name) else {
            return ON_PAGES_ALONE.contains(&name.as_str());
        };
        let inner = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        inner.iter().filter(|value| value.is_object()).all(|value| has_all(ty, value, types, actions))
    })
}

#[test]
fn a_write_is_offered_in_the_versions_that_have_all_its_properties() {
    for version in [ApiVersion::V1, ApiVersion::Beta] {
        let file = format!("graph/types-{version}.json");
        let (Some(types), Some(facts)) = (Types::load(version.as_str()), files::json(&file)) else { return };
        for write in writes(&client()) {
            assert_eq!(write.exists_in.len(), 2, "{}", write.name);
            let has_all = has_all(write.of, &write.body, &types, &facts["boundOperations"]);
            let Write { name, body, .. } = &write;
            assert_eq!(write.offered_in.contains(&version), has_all, "{name} in {version}: {body}");
        }
    }
}

#[tokio::test]
async fn a_write_in_another_version_is_refused_before_anything_is_sent() {
    let client = client();
    let page = EnrollmentStatusPage::new("Autopilot".parse().unwrap());
    let error =
        client.enrollment_status_pages().create(&page).with_version(ApiVersion::V1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let says = "enrollmentConfigurations.create with these properties does not exist in v1.0: \
                use beta";
    assert!(error.to_string().contains(says), "{error}");
    let id = "p1".parse().unwrap();
    let target = Target::all_devices().with_filter("f1".parse().unwrap(), AssignmentFilterType::Exclude);
    let call = client.enrollment_status_pages().assignments(&id).add(&target).with_version(ApiVersion::V1);
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::InvalidInput);
}
