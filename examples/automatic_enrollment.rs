//! Step 1: whose devices enroll in Intune by themselves.
//!
//! `cargo run --features sim --example automatic_enrollment [GROUP]`: includes a group of users. Graph lets a signed-in
//! user alone do this: `--live --browser` signs one in (`--features sim,interactive`), `--live` alone takes a user's token
//! (see `examples/support/mod.rs`).
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
mod support;

use windows_autopilot::ErrorKind;
use windows_autopilot::graph::field;
use windows_autopilot::model::MdmScope;

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let connection = support::connect()?;
    let client = &connection.client;
    let name = support::arguments().into_iter().next().unwrap_or_else(|| "Intune users".to_owned());
    if let Some((tenant, _)) = &connection.simulated {
        tenant.add_group(&name);
    }

    let policy = match client.mdm_policies().intune().await {
        Err(error) if error.kind() == ErrorKind::Forbidden => {
            println!("Only a signed-in user may do this: {error}");
            println!("In the Entra admin center: Mobility, Microsoft Intune, MDM user scope.");
            return Ok(());
        }
        policy => policy?,
    };
    println!("now: {:?}", policy.scope());

    let groups = client.groups().list().filter(field("displayName").eq(name.as_str())).all().await?;
    let [group] = groups.as_slice() else {
        return Err(format!("{} groups are called {name:?}, and it must be one", groups.len()).into());
    };
    let scope = MdmScope::Groups([group.id.clone()].into());
    if connection.may_write(&format!("Include {name}"))? {
        let steps = client.mdm_policies().set_scope(&policy, &scope).await?;
        println!("{} steps taken", steps.len());
        println!("then: {:?}", client.mdm_policies().intune().await?.scope());
    }
    Ok(())
}
