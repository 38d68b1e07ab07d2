//! Step 5: creates a dynamic group of the devices with a group tag, and waits for its first member.
//!
//! `cargo run --features sim --example dynamic_group` creates one group.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use windows_autopilot::graph::{PollStatus, Poller, Schedule};
use windows_autopilot::model::{Group, Membership, MembershipRule};
use windows_autopilot::sim::DeviceSpec;
use windows_autopilot::testing::Harness;

const TAG: &str = "Munich";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = create().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn create() -> Result<(), Box<dyn Error>> {
    // The mistakes in a rule that somebody else wrote.
    for finding in MembershipRule::lint_text(r#"(device.devicePhysicalIds -any (_ -eq "[GroupTag]:Munich"))"#)
    {
        println!("{finding}");
    }

    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_device_with(DeviceSpec::new("PF3XK7M1").with_group_tag(TAG));
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let rule = MembershipRule::group_tag(TAG)?;
    println!("rule: {rule}");
    let group = Group::new(format!("Autopilot {TAG}").parse()?).with_membership(Membership::dynamic(rule));
    let group = client.groups().create(&group).await?;

    let [first, longest, deadline] = [30, 120, 3600].map(Duration::from_secs);
    let schedule = Schedule::new(first, longest, deadline);
    let (reader, id) = (client.clone(), group.id.clone());
    let members = Poller::<usize>::new(Arc::clone(client.clock()), schedule, "a first member", move || {
        let members = reader.groups().members(&id);
        async move {
            let count = members.all().await?.len();
            Ok(if count > 0 { PollStatus::Ready(count) } else { PollStatus::Pending(()) })
        }
    });
    println!("{} has {} member.", group.settings.display_name, members.await?);
    Ok(())
}
