//! Step 3: checks whether the Intune Connector may create computer accounts in an organizational unit, and grants the
//! right to do so.
//!
//! `cargo run --features ldap --example delegate_ou [check|plan|apply|revoke] [OU] [ACCOUNT]` runs a command on an
//! in-memory directory; without a command, it runs all four in turn. With `--live`, a command and an OU, it runs the
//! command on the directory that the environment names: `AD_LDAPS_URL` (`ldaps://…`, or `ldap://…` for `StartTLS`),
//! `AD_ADMIN_UPN`, `AD_ADMIN_PASSWORD`, and `AD_CA_CERT`, a file, if its certificate is from a private authority. It
//! then asks before it writes, unless `--yes` is given.
//!
//! The account is `CORP\msaODJ1a2b3$`, `msaODJ1a2b3$@corp.example`, a bare name, a distinguished name or a SID. Without
//! one, `--config ODJConnectorEnrollmentWizard.exe.config` names it, or else the connectors are found in the directory.
//!
//! `--receipts FILE` appends a receipt to a file before each write, and `revoke` reverts the writes recorded there.
//! `--text` instead prints the plan as commands for other tools. `--profile create-only` is the default;
//! `create-full-control` and `create-delete-full-control` are the rights of legacy connectors. Exit codes: 0 ready or
//! done, 3 the right is missing or the plan was not applied.

mod support;

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
use windows_autopilot::ad::delegation::{Delegation, DelegationPlan, DelegationProfile, DelegationReceipt};
use windows_autopilot::ad::directory::Directory;
use windows_autopilot::ad::ldap::{LdapOptions, LdapSignIn};
use windows_autopilot::ad::memory::MemoryDirectory;
use windows_autopilot::ad::preflight::{Preflight, PreflightReport};
use windows_autopilot::ad::{Account, Domain, Principal};
use windows_autopilot::model::OrganizationalUnit;

use self::support::{Failure, Tool, exit, run};

const UNIT: &str = "OU=Autopilot,DC=corp,DC=contoso,DC=com";

fn main() -> ExitCode {
    let options = ["--text", "--profile NAME", "--config FILE", "--receipts FILE", "--live"];
    run("delegate_ou [check|plan|apply|revoke] [OU] [ACCOUNT]", &options, async |tool| {
        Request::read(tool)?.run(tool).await
    })
}

/// A command for an organizational unit and an account.
struct Request {
    /// `None` for all commands in turn.
    command: Option<String>,
    unit: OrganizationalUnit,
    account: Option<Principal>,
    profile: DelegationProfile,
}

impl Request {
    fn read(tool: &Tool) -> Result<Self, Failure> {
        if tool.has("--live") && tool.arguments().len() < 2 {
            return Err(Failure::usage("--live needs a command and an OU"));
        }
        let mut arguments = tool.arguments().iter().peekable();
        let command = arguments.next_if(|argument| !argument.contains('=')).cloned();
        if let Some(command) = command.as_deref()
            && !["check", "plan", "apply", "revoke"].contains(&command)
        {
            return Err(Failure::usage(format!(
                "{command} is not a command: write check, plan, apply or revoke, or an OU such as {UNIT}"
            )));
        }
        let unit = arguments.next().map_or(UNIT, String::as_str).parse().map_err(Failure::usage)?;
        let account = arguments.next().map(|account| account.parse()).transpose().map_err(Failure::usage)?;
        if let Some(extra) = arguments.next() {
            return Err(Failure::usage(format!("{extra} is one argument too many")));
        }
        let profile = match tool.value("--profile") {
            None | Some("create-only") => DelegationProfile::CreateOnly,
            Some("create-full-control") => DelegationProfile::CreateFullControl,
            Some("create-delete-full-control") => DelegationProfile::CreateDeleteFullControl,
            Some(other) => return Err(Failure::usage(format!("--profile {other} is not a profile"))),
        };
        Ok(Self { command, unit, account, profile })
    }

    async fn run(&self, tool: &mut Tool) -> Result<u8, Failure> {
        let directory: Box<dyn Directory> = match tool.has("--live") {
            true => Box::new(connect().await?),
            false => Box::new(in_memory(&self.unit)),
        };
        let directory = &*directory;
        let kept = kept_receipts(tool)?;
        if self.command.as_deref() == Some("revoke") && !kept.is_empty() {
            for receipt in &kept {
                if tool.may_write(&format!("Take back {receipt}"))? {
                    tool.line(receipt.revoke(directory).await?);
                }
            }
            tool.fact("revoked", &kept);
            return Ok(exit::DONE);
        }
        let named = match &self.account {
            Some(account) => Some(account.clone()),
            None => configured_account(tool)?,
        };
        let accounts = self.accounts(directory, named.as_ref()).await?;
        let does = |this: &str| self.command.as_deref().is_none_or(|command| command == this);
        let (mut ready, mut is_done) = (true, true);
        let (mut plans, mut granted) = (Vec::new(), Vec::new());
        if does("check") {
            ready = self.check(directory, named.as_ref(), tool).await?.is_ready();
        }
        if accounts.is_empty() && self.command.as_deref() != Some("check") {
            return Err("no server of the domain uses an account whose name begins with msaODJ: name the account that the \
                        connector runs as, such as CORP\\msaODJ1a2b3$".into());
        }
        for account in &accounts {
            let delegation = Delegation::new(&self.unit, account.sid.clone()).with_profile(self.profile);
            if does("plan") {
                let plan = delegation.plan(directory).await?;
                show(&plan, account, &self.unit, tool)?;
                is_done &= plan.is_empty() || self.command.is_none();
                plans.push(plan.to_string());
            }
            if does("apply") {
                if !tool.may_write(&format!("Grant {account} the right"))? {
                    is_done = false;
                    continue;
                }
                let grant = delegation.apply_recorded(directory, |receipt| keep(tool, receipt)).await?;
                tool.line(&grant);
                ready = grant.access.is_granted();
                granted.push(grant.receipt);
                if self.command.is_none() {
                    let account = account.sid.clone().into();
                    ready = self.check(directory, Some(&account), tool).await?.is_ready();
                }
            }
            if does("revoke") {
                if !tool.may_write(&format!("Take the right of {account} away"))? {
                    is_done = false;
                    continue;
                }
                tool.line(format!("{account}: {}", delegation.revoke(directory).await?));
            }
        }
        tool.fact("plans", plans);
        tool.fact("granted", granted);
        tool.fact("ready", ready);
        Ok(if is_done && ready { exit::DONE } else { exit::DIFFERENT })
    }

    /// Returns the accounts to grant: the named one, or those of all connectors that a server uses.
    async fn accounts(
        &self,
        directory: &dyn Directory,
        named: Option<&Principal>,
    ) -> Result<Vec<Account>, Failure> {
        if let Some(named) = named {
            // A check reports what is wrong with the name.
            return match self.command.as_deref() {
                Some("check") => Ok(Vec::new()),
                _ => Ok(vec![named.resolve(directory).await?]),
            };
        }
        let domain = Domain::read(directory)
            .await?
            .ok_or("the server is not a domain controller of Active Directory")?;
        let mut accounts = Account::connectors(directory, &domain).await?;
        accounts.retain(|account| account.serves() != Some(false));
        Ok(accounts)
    }

    /// Shows the findings from the preflight.
    async fn check(
        &self,
        directory: &dyn Directory,
        named: Option<&Principal>,
        tool: &mut Tool,
    ) -> Result<PreflightReport, Failure> {
        let mut preflight = Preflight::for_unit(&self.unit);
        if let Some(account) = named {
            preflight = preflight.with_connector(account.clone());
        }
        let found = preflight.run(directory).await?;
        tool.line(&found);
        tool.fact("check", found.to_string());
        Ok(found)
    }
}

/// Shows a plan, or the commands that would carry it out.
fn show(
    plan: &DelegationPlan,
    account: &Account,
    unit: &OrganizationalUnit,
    tool: &Tool,
) -> Result<(), Failure> {
    if plan.is_empty() {
        tool.line(format!("{account}: nothing to add.\n"));
        return Ok(());
    }
    if !tool.has("--text") {
        tool.line(format!("{account} would get:\n{plan}"));
        return Ok(());
    }
    let script = plan.script(unit)?;
    tool.line(format!("PowerShell, on a computer of the domain:\n\n{}", script.powershell()));
    match script.dsacls() {
        Some(text) => tool.line(format!("Command prompt:\n\n{text}")),
        None => tool.line("Command prompt: dsacls cannot say \"this object only\".\n"),
    }
    tool.line(format!("On a Samba domain controller:\n\n{}", script.samba_tool().unwrap_or_default()));
    Ok(())
}

/// Returns the account that the connector's configuration names.
fn configured_account(tool: &Tool) -> Result<Option<Principal>, Failure> {
    let Some(file) = tool.value("--config") else { return Ok(None) };
    let bytes = read(file)?;
    Ok(ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, &bytes)?.managed_service_account()?)
}

/// Reads the receipts of earlier runs.
fn kept_receipts(tool: &Tool) -> Result<Vec<DelegationReceipt>, Failure> {
    let Some(file) = tool.value("--receipts") else { return Ok(Vec::new()) };
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(|error| format!("{file}: {error}"))?,
    };
    // A line that was cut off is of a write that was not made.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Keeps a receipt, on the disk before the write.
fn keep(tool: &Tool, receipt: &DelegationReceipt) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Some(name) = tool.value("--receipts") else { return Ok(()) };
    let mut file = OpenOptions::new().create(true).append(true).open(name)?;
    writeln!(file, "{}", serde_json::to_string(receipt)?)?;
    Ok(file.sync_all()?)
}

/// Creates a domain in which the connector was just installed.
fn in_memory(unit: &OrganizationalUnit) -> MemoryDirectory {
    let directory = MemoryDirectory::new(&unit.domain());
    directory.add_unit(unit);
    directory.add_managed_service_account("msaODJ1a2b3");
    directory
}

async fn connect() -> Result<impl Directory, Failure> {
    let needed =
        |name: &str| std::env::var(name).map_err(|_| format!("--live needs {name} in the environment"));
    let mut options = LdapOptions::new(&needed("AD_LDAPS_URL")?)?;
    if let Ok(file) = std::env::var("AD_CA_CERT") {
        options = options.with_root_certificate(read(&file)?);
    }
    let sign_in = LdapSignIn::new(needed("AD_ADMIN_UPN")?, needed("AD_ADMIN_PASSWORD")?)?;
    Ok(options.connect(&sign_in).await?)
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{file}: {error}"))
}
