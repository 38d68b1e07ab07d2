//! Step 5: a dynamic group of devices by their group tag, and waiting until a device is in it.
//!
//! `cargo run --features sim --example dynamic_group [TAG]`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
mod support;

use std::sync::Arc;
use std::time::Duration;

use windows_autopilot::graph::{PollStatus, Poller, Schedule};
use windows_autopilot::model::{Group, Membership, MembershipRule};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let connection = support::connect()?;
    let client = &connection.client;
    let tag = support::arguments().into_iter().next().unwrap_or_else(|| "Munich".to_owned());
    if let Some((tenant, _)) = &connection.simulated {
        tenant.add_device_with(
            windows_autopilot::sim::DeviceSpec::new("PF3XK7M1").with_group_tag(tag.as_str()),
        );
    }

    // What others wrote into their rules, and what is wrong with it.
    for finding in MembershipRule::lint_text(r#"(device.devicePhysicalIds -any (_ -eq "[GroupTag]:Munich"))"#)
    {
        println!("{finding}");
    }

    let rule = MembershipRule::group_tag(&tag)?;
    println!("rule: {rule}");
    if !connection.may_write("Create a dynamic group")? {
        return Ok(());
    }
    let group = Group::new(format!("Autopilot {tag}").parse()?).with_membership(Membership::dynamic(rule));
    let group = client.groups().create(&group).await?;

    let schedule =
        Schedule::new(Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(3600));
    let (asking, id) = (client.clone(), group.id.clone());
    let members = Poller::<usize>::new(Arc::clone(client.clock()), schedule, "a first member", move || {
        let members = asking.groups().members(&id);
        async move {
            let count = members.all().await?.len();
            Ok(if count > 0 { PollStatus::Ready(count) } else { PollStatus::Pending(()) })
        }
    });
    println!("{} has {} member", group.settings.display_name, members.await?);
    Ok(())
}
