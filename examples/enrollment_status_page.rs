//! Step 6: an enrollment status page that blocks the devices of a group until two apps are installed.
//!
//! `cargo run --features sim --example enrollment_status_page` creates one page and assigns it to an existing group.
//! The page has the lowest priority, below all other pages: `set_priority` raises it, including for devices that other
//! pages reach.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::graph::field;
use windows_autopilot::model::{BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentStatusPage, Target};
use windows_autopilot::testing::Harness;

const GROUP: &str = "Autopilot Munich";
const APPS: [&str; 2] = ["Company Portal", "VPN client"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = create().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn create() -> Result<(), Box<dyn Error>> {
    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_group(GROUP);
    let _ = APPS.map(|app| tenant.add_app(app, "win32LobApp"));
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let groups = client.groups().list().filter(field("displayName").eq(GROUP)).all().await?;
    let [group] = groups.as_slice() else {
        return Err(format!("{} groups are called {GROUP}, not one", groups.len()).into());
    };
    // A page without apps would wait for all of them: a name that is not found ends the recipe.
    let listed = client.mobile_apps().list().all().await?;
    let mut apps = Vec::new();
    for name in APPS {
        let app = listed.iter().find(|app| app.display_name.as_deref() == Some(name));
        apps.push(app.ok_or_else(|| format!("the tenant has no app {name}"))?.id.clone());
    }

    let mut page = EnrollmentStatusPage::new("Autopilot Munich".parse()?);
    page.install_progress_timeout_in_minutes = "90".parse()?;
    page.block_device_use = BlockDeviceUse::Until(BlockUntil::new(BlockingApps::selected(apps)));
    for finding in page.lint() {
        println!("{finding}");
    }
    let pages = client.enrollment_status_pages();
    let stored = pages.create(&page).await?;
    pages.assignments(&stored.id).replace_at_once(&[Target::group(group.id.clone())]).await?;
    println!("{} is assigned to {GROUP}.", stored.settings.display_name);
    Ok(())
}
