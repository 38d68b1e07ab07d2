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
    assert_eq!(batch.await?.take(count)?, 0);
    Ok(tenant)
}

#[tokio::test]
async fn every_operation_is_exercised() -> Result<()> {
    let tenants = [
        super::app::every_call().await?,
        super::domain_join::every_call().await?,
        super::connector::every_call().await?,
        super::device::every_call().await?,
        super::directory_device::every_call().await?,
        super::esp::every_call().await?,
        super::event::every_call().await?,
        super::event::every_detail().await?,
        super::filter::every_call().await?,
        super::group::every_call().await?,
        super::import::every_call().await?,
        super::managed_device::every_call().await?,
        super::mdm::every_call().await?,
        super::profile::every_call().await?,
        super::sync::every_call().await?,
        super::user::every_call().await?,
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
