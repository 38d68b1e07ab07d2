//! Step 1: adds one group to the users whose devices enroll in Intune automatically.
//!
//! `cargo run --features sim --example automatic_enrollment` keeps the groups that are already in the scope. Graph
//! allows only a signed-in user to make this change: on a real tenant, sign in with `DeviceCode` or
//! `InteractiveBrowser`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::graph::field;
use windows_autopilot::model::MdmScope;
use windows_autopilot::testing::Harness;

const GROUP: &str = "Intune users";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = include().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn include() -> Result<(), Box<dyn Error>> {
    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_group(GROUP);
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let groups = client.groups().list().filter(field("displayName").eq(GROUP)).all().await?;
    let [group] = groups.as_slice() else {
        return Err(format!("{} groups are called {GROUP}, not one", groups.len()).into());
    };
    let policy = client.mdm_policies().intune().await?;
    // The new scope replaces the old one, so it names the groups that are in it.
    let mut members = match policy.scope() {
        Some(MdmScope::All) => {
            println!("The devices of all users enroll: nothing to add.");
            return Ok(());
        }
        Some(MdmScope::Groups(members)) => members,
        Some(MdmScope::None) => Default::default(),
        _ => return Err("the scope is not known: set it in the Entra admin center, under Mobility".into()),
    };
    if !members.insert(group.id.clone()) {
        println!("{GROUP} is in the scope.");
        return Ok(());
    }
    client.mdm_policies().set_scope(&policy, &MdmScope::Groups(members)).await?;
    println!("{GROUP} is in the scope now.");
    Ok(())
}
