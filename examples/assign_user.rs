//! Step 9, which is best left out of a hybrid join: unassigns the user from one device.
//!
//! `cargo run --features sim --example assign_user` changes nothing but the assigned user of the device with this serial number.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::sim::DeviceSpec;
use windows_autopilot::testing::Harness;

const SERIAL_NUMBER: &str = "PF3XK7M1";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = unassign().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn unassign() -> Result<(), Box<dyn Error>> {
    let Harness { client, tenant, .. } = Harness::new();
    let user = format!("adele@{}", tenant.domain());
    tenant.add_user(&user);
    tenant.add_device_with(DeviceSpec::new(SERIAL_NUMBER).with_assigned_user(&user));
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let devices = client.devices().by_serial_number(&SERIAL_NUMBER.parse()?).all().await?;
    let [device] = devices.as_slice() else {
        return Err(
            format!("{} devices have the serial number {SERIAL_NUMBER}, not one", devices.len()).into()
        );
    };
    if device.user_principal_name.is_none() {
        println!("{SERIAL_NUMBER} has no user.");
        return Ok(());
    }
    println!("{SERIAL_NUMBER} has a user: its first sign-in would fail with 0x80070774.");
    client.devices().unassign_user(&device.id).await?;
    println!("{SERIAL_NUMBER} has no user any more.");
    Ok(())
}
