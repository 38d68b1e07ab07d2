//! Step 3: whether the Intune Connector may create computer accounts in an organizational unit, and the right to do so.
//!
//! `cargo run --features ldap --example delegate_ou [check|plan|apply|revoke] [OU] [DOMAIN\ACCOUNT]` does it in a directory
//! in memory; without a command it does all four in turn. With `--live` it does it in the directory that the environment
//! names: `AD_LDAPS_URL` (`ldaps://…`, or `ldap://…` for `StartTLS`), `AD_ADMIN_UPN`, `AD_ADMIN_PASSWORD`, and `AD_CA_CERT`, a
//! file, if its certificate is of a private authority; it then asks before it writes, unless `--yes` is given.
//!
//! `--text` prints the plan as commands for other tools instead. `--profile=create-only` is the default;
//! `create-full-control` and `create-delete-full-control` are what legacy connectors were given.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/options.rs"]
mod options;

use std::error::Error;
use std::process::ExitCode;

use windows_autopilot::ad::delegation::{Delegation, DelegationPlan, DelegationProfile, Principal};
use windows_autopilot::ad::directory::Directory;
use windows_autopilot::ad::ldap::{LdapOptions, LdapSignIn};
use windows_autopilot::ad::memory::MemoryDirectory;
use windows_autopilot::ad::preflight::Preflight;
use windows_autopilot::ad::{Account, Domain};
use windows_autopilot::model::OrganizationalUnit;

use self::options::{arguments, confirmed, has_option, value_of};

const UNIT: &str = "OU=Autopilot,DC=corp,DC=contoso,DC=com";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = arguments().into_iter().peekable();
    let commands = ["check", "plan", "apply", "revoke"];
    let command = arguments.next_if(|argument| commands.contains(&argument.as_str()));
    let unit: OrganizationalUnit = arguments.next().unwrap_or_else(|| UNIT.to_owned()).parse()?;
    let account: Option<Principal> = arguments.next().map(|account| account.parse()).transpose()?;
    let profile = profile()?;

    let directory: Box<dyn Directory> = match has_option("--live") {
        true => Box::new(connect().await?),
        false => Box::new(in_memory(&unit)),
    };
    let directory = &*directory;
    let domain = Domain::read(directory).await?.ok_or("the server is not Active Directory")?;
    let accounts: Vec<Account> = match &account {
        Some(account) => domain.account(directory, account).await?.into_iter().collect(),
        None => domain.connector_accounts(directory).await?,
    };
    if accounts.is_empty() {
        println!("There is no such account: name one, such as CORP\\msaODJ1a2b3$.");
        return Ok(ExitCode::FAILURE);
    }
    let command = command.as_deref();
    let wanted = |this: &str| command.is_none_or(|command| command == this);
    let mut ready = true;
    if wanted("check") {
        ready = check(directory, &unit, &account).await?;
    }
    for account in &accounts {
        let delegation = Delegation::new(&unit, account.sid.clone()).with_profile(profile);
        if wanted("plan") {
            show(&delegation.plan(directory).await?, account, &unit)?;
        }
        if wanted("apply") && may_write(&format!("Grant {account} the right"))? {
            let receipt = delegation.apply(directory).await?;
            match receipt.granted.as_slice() {
                [] => println!("{account} has the right already: nothing was written."),
                granted => {
                    println!("{account} was granted, and it was read back:");
                    granted.iter().for_each(|ace| println!("+ {ace}"));
                }
            }
            if command.is_none() {
                ready = check(directory, &unit, &Some(account.sid.clone().into())).await?;
            }
        }
        if wanted("revoke") && may_write(&format!("Take the right of {account} away"))? {
            let revoked = delegation.revoke(directory).await?;
            println!("{account} was taken away what it was granted:");
            revoked.removed.iter().for_each(|ace| println!("- {ace}"));
        }
    }
    Ok(if command == Some("check") && !ready { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Shows what stands in the way, and whether anything does.
async fn check(
    directory: &dyn Directory,
    unit: &OrganizationalUnit,
    account: &Option<Principal>,
) -> Result<bool, Box<dyn Error>> {
    let mut preflight = Preflight::for_unit(unit);
    if let Some(account) = account {
        preflight = preflight.with_connector(account.clone());
    }
    let report = preflight.run(directory).await?;
    println!("{report}");
    Ok(report.is_ready())
}

/// Shows a plan, or the commands that would carry it out.
fn show(plan: &DelegationPlan, account: &Account, unit: &OrganizationalUnit) -> Result<(), Box<dyn Error>> {
    if plan.is_empty() {
        println!("{account}: nothing to add.\n");
        return Ok(());
    }
    if !has_option("--text") {
        println!("{account} would get:\n{plan}");
        return Ok(());
    }
    let script = plan.script(unit)?;
    println!("PowerShell, on a computer of the domain:\n\n{}", script.powershell());
    match script.dsacls() {
        Some(text) => println!("Command prompt:\n\n{text}"),
        None => println!("Command prompt: dsacls cannot say \"this object only\".\n"),
    }
    println!("On a Samba domain controller:\n\n{}", script.samba_tool().unwrap_or_default());
    Ok(())
}

fn profile() -> Result<DelegationProfile, Box<dyn Error>> {
    Ok(match value_of("--profile=").as_deref() {
        None | Some("create-only") => DelegationProfile::CreateOnly,
        Some("create-full-control") => DelegationProfile::CreateFullControl,
        Some("create-delete-full-control") => DelegationProfile::CreateDeleteFullControl,
        Some(other) => return Err(format!("{other} is no profile").into()),
    })
}

/// A domain in which the connector was just installed.
fn in_memory(unit: &OrganizationalUnit) -> MemoryDirectory {
    let directory = MemoryDirectory::new(&unit.domain());
    directory.add_unit(unit);
    directory.add_managed_service_account("msaODJ1a2b3");
    directory
}

async fn connect() -> Result<impl Directory, Box<dyn Error>> {
    let needed =
        |name: &str| std::env::var(name).map_err(|_| format!("--live needs {name} in the environment"));
    let mut options = LdapOptions::new(&needed("AD_LDAPS_URL")?)?;
    if let Ok(file) = std::env::var("AD_CA_CERT") {
        options = options.with_root_certificate_pem(std::fs::read(file)?);
    }
    let sign_in = LdapSignIn::new(needed("AD_ADMIN_UPN")?, needed("AD_ADMIN_PASSWORD")?)?;
    Ok(options.connect(&sign_in).await?)
}

/// Asks before something is written to a real directory.
fn may_write(what: &str) -> Result<bool, Box<dyn Error>> {
    if has_option("--live") { confirmed(what) } else { Ok(true) }
}
