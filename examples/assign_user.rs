//! Step 9, which a hybrid join is better without: who has a user assigned, and taking that back.
//!
//! `cargo run --features sim --example assign_user`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
mod support;

use windows_autopilot::model::{Personal, UserPrincipalName};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        let user = format!("adele@{}", tenant.domain());
        tenant.add_user(&user);
        tenant.add_device("PF3XK7M1");
        let device = client.devices().list().all().await?.pop().ok_or("no device")?;
        let user: UserPrincipalName = user.parse()?;
        client.devices().assign_user(&device.id, &user, &Personal::from("Adele")).await?;
    }
    for device in client.devices().list().all().await? {
        if device.user_principal_name.is_none() {
            continue;
        }
        println!("{} has a user: its first sign-in would end with 0x80070774", device.id);
        if connection.may_write("Take the user back")? {
            client.devices().unassign_user(&device.id).await?;
            println!("{} has none any more", device.id);
        }
    }
    Ok(())
}
