//! The catalog of operations and what the tests of the resources make of it.

use std::collections::BTreeSet;

use windows_autopilot::Result;
use windows_autopilot::catalog::OPERATIONS;
use windows_autopilot::sim::{RecordedRequest, Tenant};

use super::support::Harness;
use crate::operations::operations_of;

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
        super::events::every_detail().await?,
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
        let of = operations_of(request.method.as_str(), &request.path);
        let [info] = of.as_slice() else { panic!("{request:?} is of {of:?}") };
        if request.status.is_some_and(|status| status.is_success()) {
            succeeded.insert(info.name);
        }
    }
    let names = OPERATIONS.iter().map(|info| info.name);
    let left: Vec<_> = names.filter(|name| !succeeded.contains(name)).collect();
    assert!(left.is_empty(), "never answered with success: {left:?}");
    Ok(())
}
