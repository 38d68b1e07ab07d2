//! One batch of thousands of requests of which one in twenty goes wrong.

use std::time::Duration;

use windows_autopilot::model::{Device, Id};
use windows_autopilot::sim::Fault;
use windows_autopilot::testing::Harness;

const REQUESTS: usize = 5_000;

#[tokio::test]
async fn row_67_a_batch_of_5000_with_one_fault_in_twenty_ends_with_5000_right_answers() {
    type Faults = fn() -> Vec<Fault>;
    let kinds: [(&str, Faults); 3] = [
        ("503", || vec![Fault::status(503).rate(0.05)]),
        ("429", || vec![Fault::throttle(Duration::from_secs(2)).rate(0.05)]),
        ("of all kinds", || {
            let wait = Duration::from_secs(1);
            vec![
                Fault::status(500).rate(0.01),
                Fault::status(502).rate(0.01),
                Fault::status(504).rate(0.01),
                Fault::status_after(503, wait).rate(0.01),
                Fault::throttle_without_header().rate(0.01),
            ]
        }),
    ];
    for (name, faults) in kinds {
        let seed = crate::setting("WINDOWS_AUTOPILOT_SEED", 17);
        println!("faults {name}, seed {seed}");
        let Harness { client, tenant, .. } =
            Harness::builder().with_tenant(|tenant| tenant.with_seed(seed)).build();
        let ids: Vec<Id<Device>> = (0..REQUESTS)
            .map(|number| tenant.add_device(&format!("PF{number:07}")).parse().unwrap())
            .collect();
        for fault in faults() {
            tenant.fault(fault);
        }
        let mut batch = client.batch();
        let slots: Vec<_> = ids.iter().map(|id| batch.add(client.devices().get(id))).collect();
        let mut answers = batch.await.unwrap();
        let wrong: Vec<String> = std::iter::zip(&ids, slots)
            .filter_map(|(id, slot)| match answers.take(slot) {
                Ok(device) if device.id == *id => None,
                Ok(device) => Some(format!("{id}: {device:?}")),
                Err(error) => Some(error.to_string()),
            })
            .collect();
        assert!(wrong.is_empty(), "{name}: {} of {REQUESTS} are wrong: {}", wrong.len(), wrong[0]);
    }
}
