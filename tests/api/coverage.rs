//! The catalog of operations and what the tests of the resources make of it.

use std::collections::{BTreeMap, BTreeSet};

use windows_autopilot::Result;
use windows_autopilot::graph::OperationInfo;
use windows_autopilot::resource::OPERATIONS;
use windows_autopilot::sim::{RecordedRequest, Tenant};

use super::support::Harness;

/// Operations that the simulator never answers with success, and why.
const NEVER_SUCCEED: [(&str, &str); 7] = [
    ("domainJoinConnectors.create", "documented, but the product offers no such thing: refused with 403"),
    ("domainJoinConnectors.update", "documented, but the product offers no such thing: refused with 403"),
    ("domainJoinConnectors.delete", "a deletion is known to have been refused with 403"),
    ("autopilotEvents.policyStatusDetails.list", "documented, but in no current metadata: answered with 400"),
    ("autopilotEvents.policyStatusDetails.get", "documented, but in no current metadata: answered with 400"),
    ("managedDevices.get", "no device enrolls in these tests"),
    ("managedDevices.delete", "no device enrolls in these tests"),
];

/// Whether a request is one of an operation's.
fn is_of(request: &RecordedRequest, info: &OperationInfo) -> bool {
    let Some((version, path)) = request.path.strip_prefix('/').and_then(|path| path.split_once('/')) else {
        return false;
    };
    let (mut path, mut template) = (path.split('/'), info.path.split('/').skip(1));
    // A word of a template that another operation has in the place of a parameter is that other's.
    let fits = |found: &str, wanted: &str| match wanted.split_once('{') {
        Some((before, rest)) => {
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            let parameter = found.strip_prefix(before).and_then(|found| found.strip_suffix(after));
            parameter.is_some_and(|parameter| {
                !parameter.is_empty() && !["$count", "$ref", "hasPayloadLinks", "import"].contains(&parameter)
            })
        }
        None => found == wanted,
    };
    let parts = path.by_ref().zip(template.by_ref()).collect::<Vec<_>>();
    request.method == info.method
        && info.versions.iter().any(|known| known.as_str() == version)
        && parts.into_iter().all(|(found, wanted)| fits(found, wanted))
        && request.path.split('/').count() == info.path.split('/').count() + 1
}

async fn batch() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let mut batch = client.batch();
    let count = batch.add(client.devices().count());
    assert_eq!(batch.send().await?.take(count)?, 0);
    Ok(tenant)
}

#[tokio::test]
async fn every_operation_is_exercised() -> Result<()> {
    let tenants = [
        super::apps::every_call().await?,
        super::configurations::every_call().await?,
        super::connectors::every_call().await?,
        super::devices::every_call().await?,
        super::directory::every_call().await?,
        super::enrollment::every_call().await?,
        super::events::every_call().await?,
        super::filters::every_call().await?,
        super::groups::every_call().await?,
        super::imports::every_call().await?,
        super::managed_devices::every_call().await?,
        super::mdm_policies::every_call().await?,
        super::profiles::every_call().await?,
        super::sync::every_call().await?,
        super::users::every_call().await?,
        batch().await?,
    ];
    let requests: Vec<RecordedRequest> = tenants.iter().flat_map(Tenant::requests).collect();
    let mut succeeded = BTreeSet::new();
    for request in &requests {
        let of: Vec<_> = OPERATIONS.iter().filter(|info| is_of(request, info)).collect();
        match &of[..] {
            [info] if request.status.is_some_and(|status| status.is_success()) => drop(succeeded.insert(info.name)),
            [_] => {}
            _ => panic!("{request:?} is of {of:?}"),
        }
    }
    let exceptions: BTreeMap<&str, &str> = NEVER_SUCCEED.into_iter().collect();
    let left: Vec<_> = OPERATIONS
        .iter()
        .map(|info| info.name)
        .filter(|name| !succeeded.contains(name) && !exceptions.contains_key(name))
        .collect();
    assert!(left.is_empty(), "never answered with success: {left:?}");
    let stale: Vec<_> = exceptions.keys().filter(|name| succeeded.contains(*name)).collect();
    assert!(stale.is_empty(), "no exceptions any more: {stale:?}");
    let known: BTreeSet<_> = OPERATIONS.iter().map(|info| info.name).collect();
    assert!(exceptions.keys().all(|name| known.contains(name)), "an exception names no operation");
    Ok(())
}
