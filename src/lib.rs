//! User-driven Microsoft Entra hybrid join with Windows Autopilot, from automatic enrollment to a deployed device:
//! typed models, a Microsoft Graph client over a pluggable transport, the [ten steps](workflow/enum.Step.html) of a
//! deployment as one workflow, and a simulated tenant for tests.
//!
//! Microsoft recommends joining new devices only to Microsoft Entra ID. This crate is for organizations that also need
//! Active Directory.
//!
//! Tasks: [connect](#connect-to-a-tenant) · [list](#list-objects) · [create and assign](#create-change-and-assign) ·
//! [deploy](#deploy-the-ten-steps-as-one) · [register devices](#register-devices) ·
//! [retag](#move-devices-to-another-group-tag) · [watch](#watch-devices-and-report) · [compare](#compare-on-a-schedule)
//! · [back up and restore](#back-up-and-restore) · [tear down](#tear-down-a-deployment) ·
//! [diagnose](#diagnose-a-device-that-failed) · [delegate in Active Directory](#delegate-rights-in-active-directory) ·
//! [offline profile](#write-an-offline-profile) · [other calls](#send-a-request-without-a-typed-call) · [transport and
//! middleware](#replace-a-layer) · [errors](#handle-errors) · [tests](#test-offline)
//!
//! # Modules
//!
//! | module | contents |
//! | --- | --- |
//! | [`model`] | settings, observations, and a checked type for every value that has a validation rule |
//! | [`catalog`] | every operation's method, path, versions, permissions and documentation page |
//! | [`Client`], [`resource`] | typed calls: [`Client::devices`], [`Client::profiles`], [`Client::groups`] and others |
//! | [`graph`] | Graph's protocol: operations as values, lists as streams, batches, pollers, filters |
//! | [`credential`] | sign-in: client secret, certificate, federated token, device code, browser, or your own |
//! | [`transport`] | one HTTP exchange: the layer below the client |
//! | [`pipeline`] | retries, limits, middleware, and an observer of calls |
//! | [`clock`] | time: the real clock, and a virtual one for tests |
//! | [`error`] | the error type of every call, its kinds, the service's own error, and the reasons for failed sign-ins |
//! | [`codes`] | the error codes of a deployment, with their causes |
//! | [`registration`](registration/index.html) | device CSV files (feature `registration`) and hardware hashes (feature `registration` or `import`) |
//! | [`offline`](offline/index.html) | `AutopilotConfigurationFile.json` (feature `offline`) |
//! | [`workflow`](workflow/index.html) | the [ten steps](workflow/enum.Step.html) as one: plan, import, apply, watch, teardown (feature `workflow`, or `import` for device import alone) |
//! | [`evidence`](evidence/index.html) | offline analysis of a device's and the connector server's logs (feature `evidence`) |
//! | [`ad`](ad/index.html) | what the connector needs in Active Directory (feature `ad`, or `connector-config` for the connector's configuration files alone) |
//! | [`sim`](sim/index.html), [`testing`](testing/index.html) | the simulated tenant, and a client for it in one line (feature `sim`) |
//! | [`docs`] | guides: permissions, reliability, scaling, tracing, findings, exit codes, the cost of features |
//!
//! # Connect to a tenant
//!
//! ```no_run
//! use windows_autopilot::Client;
//! use windows_autopilot::credential::ClientSecret;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let tenant = "contoso.onmicrosoft.com".parse()?;
//!     let secret = std::env::var("AUTOPILOT_CLIENT_SECRET")?;
//!     let credential = ClientSecret::new(tenant, "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f", secret)?;
//!     let client = Client::builder(credential).build()?;
//!     println!("{} devices are registered", client.devices().count().await?);
//!     Ok(())
//! }
//! ```
//!
//! The program needs tokio's `macros` and `rt-multi-thread` features. [`credential`] provides other ways to sign in,
//! and [`ClientBuilder::with_cloud`] selects a national cloud.
//!
//! The documentation of each call names its permission, [`docs::permissions`](docs/permissions/index.html) lists them
//! by task, and [`Client::granted_permissions`] returns those in the token. The MDM user scope requires a signed-in
//! user ([`DeviceCode`](credential::DeviceCode), [`InteractiveBrowser`](credential/struct.InteractiveBrowser.html)): no
//! app may read or set it.
//!
//! # List objects
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! for device in client.devices().tagged(&"Munich".parse()?).all().await? {
//!     println!("{}: {:?}", device.id, device.serial_number);
//! }
//! # Ok(()) });
//! ```
//!
//! Every list works this way: `all` reads it in full, as in `client.devices().list().all()`, and
//! [`items`](graph::List::items) streams it (with `TryStreamExt` from `futures-util`), reading ahead.
//! [`filter`](graph::List::filter) and [`select`](graph::List::select) narrow a list: the documentation of each list
//! names the filters that the service supports. [`if_found`](graph::Call::if_found) turns a 404 response into `None`.
//!
//! # Create, change and assign
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! use windows_autopilot::model::{Group, HybridJoinProfile, Locale, Membership, MembershipRule, Target};
//!
//! let rule = MembershipRule::group_tag("Munich")?;
//! let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
//! let group = client.groups().create(&group).await?;
//!
//! let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
//! let profile = client.profiles().create(&profile).await?;
//! client.profiles().assignments(&profile.id).add(&Target::group(group.id)).await?;
//!
//! let desired = profile.settings.clone().with_locale(Locale::language("de-DE")?);
//! let update = client.profiles().update(&profile, &desired);
//! println!("{}", update.patch()); // the properties that differ, before and after
//! update.await?;
//! # Ok(()) });
//! ```
//!
//! Values that a hybrid join forbids cannot be represented: its profile has no device name template, and a computer name
//! prefix with a macro does not parse. [`lint`](model::HybridJoinProfile::lint) finds values that the service
//! reportedly rejects.
//!
//! # Deploy: the ten steps as one
//!
//! With the `workflow` feature, describe a deployment (here in TOML; any serde format works), print the plan, and apply
//! it. Applying it again changes nothing:
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! # let folder = std::env::temp_dir().join(format!("windows-autopilot-deploy-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # std::env::set_current_dir(&folder)?;
//! use windows_autopilot::workflow::{ApplyOptions, HybridJoin, Journal, PlanOptions};
//!
//! let desired: HybridJoin = toml::from_str(r#"
//!     name = "Munich"
//!     active_directory.domain = "corp.contoso.com"
//!     active_directory.organizational_unit = "OU=Autopilot,DC=corp,DC=contoso,DC=com"
//!
//!     [group]
//!     display_name = "Autopilot Munich"
//!     members.group_tag = "Munich"
//!
//!     [profile]
//!     display_name = "Contoso hybrid Munich"
//!
//!     [domain_join]
//!     display_name = "Contoso domain join Munich"
//!     computer_name_prefix = "MUC-"
//! "#)?;
//! # let devices = [];
//!
//! let options = PlanOptions::default().with_journal(Journal::at("munich.made"))?;
//! let plan = desired.plan_with(&client, &devices, options).await?;
//! println!("{plan}");
//!
//! let options = ApplyOptions::default().with_journals(Journal::at("munich.made"), Journal::at("munich.import"));
//! let report = plan.apply_with(&client, options).await.into_result()?;
//! println!("{} changes", report.changes);
//! assert!(desired.plan(&client, &devices).await?.is_empty());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(()) });
//! ```
//!
//! `devices` contains any number of [`DeviceToImport`](model::DeviceToImport)s to register. To resume a run that was
//! killed, run the program again with the same journals: nothing is created or sent twice. Without journals, use
//! [`plan`](workflow/struct.HybridJoin.html#method.plan) and [`apply`](workflow/struct.Plan.html#method.apply).
//! [`docs::lifecycle`](docs/lifecycle/index.html) follows a deployment through changes, adoption and removal, and
//! [`docs::writes`] lists every write with its guard.
//!
//! # Register devices
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! # let folder = std::env::temp_dir().join(format!("windows-autopilot-import-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # std::env::set_current_dir(&folder)?;
//! # let hash = windows_autopilot::registration::hash::SampleHash::new("PF3XK7M1").build()?;
//! # let file = format!("Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\nPF3XK7M1,,{},Munich\n", hash.as_str());
//! # std::fs::write("devices.csv", file)?;
//! use windows_autopilot::registration::csv::CsvReader;
//! use windows_autopilot::workflow::{Import, Journal};
//!
//! let mut devices = Vec::new();
//! for row in CsvReader::open("devices.csv")? {
//!     let row = row?;
//!     for finding in &row.findings {
//!         eprintln!("{finding}");
//!     }
//!     devices.extend(row.device); // `None` if the row has an error
//! }
//! let report = Import::new(&client, devices).with_journal(Journal::at("devices.journal")).start().await?;
//! for device in &report.devices {
//!     println!("{}: {}", device.serial_number, device.outcome);
//! }
//! # assert!(report.is_complete());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(()) });
//! ```
//!
//! # Move devices to another group tag
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! # tenant.add_device_with(windows_autopilot::sim::DeviceSpec::new("PF3XK7M1").with_group_tag("Munich"));
//! use windows_autopilot::workflow::Retag;
//!
//! let plan = Retag::tag("Munich".parse()?, Some("Berlin".parse()?)).plan(&client).await?;
//! println!("{plan}"); // the groups that each device joins and leaves
//! let report = plan.apply(&client).await.into_result()?;
//! assert_eq!(report.changed, 1);
//! # Ok(()) });
//! ```
//!
//! # Watch devices and report
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! # tenant.add_device("PF3XK7M1");
//! use windows_autopilot::workflow::watch::{Expectation, Watch};
//!
//! let devices = client.devices().list().all().await?;
//! let watch = Watch::new(&client, &devices).with_expectation(Expectation::default());
//! let report = watch.start().await?; // until each device is ready, has failed or is overdue
//! println!("{report}");
//! let page = report.to_html(); // or `to_markdown`, or JSON through serde
//! # Ok(()) });
//! ```
//!
//! [`ApplyReport::watch`](workflow/struct.ApplyReport.html#method.watch) watches the devices of a deployment, using the
//! deployment's own expectations.
//!
//! # Compare on a schedule
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # use windows_autopilot::workflow::HybridJoin;
//! # run(async |Harness { client, tenant, .. }| {
//! # let desired = HybridJoin::new("Munich".parse()?, "corp.contoso.com".parse()?);
//! use windows_autopilot::workflow::PlanStatus;
//!
//! let plan = desired.plan(&client, &[]).await?; // reads only
//! println!("{}", serde_json::to_string_pretty(&plan)?);
//! let code = match plan.status() {
//!     PlanStatus::Same => 0,
//!     PlanStatus::Changed => 3, // `plan.drift()` has the steps that differ
//!     PlanStatus::Blocked => 4,
//!     _ => 5, // something is unknown
//! };
//! # assert_eq!(code, 0);
//! # Ok(()) });
//! ```
//!
//! # Back up and restore
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! # use windows_autopilot::model::{HybridJoinProfile, Target};
//! # let group = tenant.add_group("Autopilot Munich").parse()?;
//! # let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
//! # client.profiles().assignments(&profile.id).add(&Target::group(group)).await?;
//! use windows_autopilot::workflow::HybridJoin;
//!
//! let export = HybridJoin::export(&client, &profile.id).await?;
//! for finding in &export.not_expressed {
//!     eprintln!("{finding}"); // a part of the tenant that settings cannot express
//! }
//! let text = toml::to_string(&export.settings)?; // keep this in version control
//!
//! // Later: the plan is the difference, and applying it restores the settings.
//! let desired: HybridJoin = toml::from_str(&text)?;
//! let plan = desired.plan(&client, &[]).await?;
//! println!("{plan}");
//! let report = plan.apply(&client).await.into_result()?;
//! println!("{} changes", report.changes);
//! # Ok(()) });
//! ```
//!
//! # Tear down a deployment
//!
//! A [`Teardown`](workflow/struct.Teardown.html) removes only objects that are recorded as created, in the order that
//! the service requires, and stops if anything else uses them:
//!
//! ```no_run
//! # async fn tear_down(client: &windows_autopilot::Client) -> windows_autopilot::Result<()> {
//! use windows_autopilot::workflow::{CreatedObjects, Journal, Teardown, TeardownOptions};
//!
//! let created = CreatedObjects::from_journal(Journal::at("munich.made"))?;
//! let plan = Teardown::new(created).plan(client).await?;
//! println!("{plan}");
//! let options = TeardownOptions::default().with_journal(Journal::at("munich.made"));
//! let report = plan.apply_with(client, options).await.into_result()?;
//! println!("{} removed", report.removed);
//! # Ok(()) }
//! ```
//!
//! # Diagnose a device that failed
//!
//! ```
//! # let folder = std::env::temp_dir().join(format!("windows-autopilot-logs-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let (device, server) = (folder.clone(), folder.clone());
//! use windows_autopilot::evidence::{Bundle, Limits, Options, Side, diagnose};
//!
//! let mut bundle = Bundle::new(Limits::default());
//! bundle.add_path(Side::Device, device)?; // a file, an archive or a folder
//! bundle.add_path(Side::ConnectorServer, server)?;
//! let verdict = diagnose(&bundle.read(), &Options::default());
//! println!("{verdict}"); // the chain of the deployment, its first broken link and the remedy
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`docs::evidence`] lists the files to collect. [`codes::ErrorCode::find_in`] explains a code shown on a screen.
//!
//! # Delegate rights in Active Directory
//!
//! The connector's account creates the computer accounts. The `ad` feature checks, grants and revokes the account's
//! right to do so, here in an in-memory directory and, with `ldap`, in a [real one](ad/ldap/index.html):
//!
//! ```
//! # windows_autopilot::testing::run(async |_| {
//! use windows_autopilot::ad::Principal;
//! use windows_autopilot::ad::delegation::Delegation;
//! use windows_autopilot::ad::memory::MemoryDirectory;
//! use windows_autopilot::ad::preflight::Preflight;
//! use windows_autopilot::model::OrganizationalUnit;
//!
//! let directory = MemoryDirectory::new(&"corp.contoso.com".parse()?);
//! let unit: OrganizationalUnit = "OU=Autopilot,DC=corp,DC=contoso,DC=com".parse()?;
//! # directory.add_unit(&unit);
//! # directory.add_managed_service_account("msaODJ1a2b3");
//! let connector: Principal = r"CORP\msaODJ1a2b3$".parse()?;
//!
//! let delegation = Delegation::new(&unit, connector.resolve(&directory).await?.sid);
//! println!("{}", delegation.plan(&directory).await?);
//! let report = delegation.apply(&directory).await?;
//! let receipt = serde_json::to_string(&report.receipt)?; // to revoke exactly this grant
//!
//! let check = Preflight::for_unit(&unit).with_connector(connector).run(&directory).await?;
//! println!("{check}");
//! # assert!(report.access.is_granted());
//! # Ok(()) });
//! ```
//!
//! [`DelegationScript`](ad/delegation/struct.DelegationScript.html) writes the same change as a script for PowerShell,
//! dsacls or Samba.
//!
//! # Write an offline profile
//!
//! ```
//! use windows_autopilot::model::HybridJoinProfile;
//! use windows_autopilot::offline::{OfflineProfile, OfflineTenant};
//!
//! let tenant = OfflineTenant::new(
//!     "1537de22-988c-4e93-b8a5-83890f34a69b".parse()?,
//!     "contoso.onmicrosoft.com".parse()?,
//! )?;
//! let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
//! let id = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac".parse()?; // the profile's id in the tenant
//! let file = OfflineProfile::for_hybrid_join(&profile, &id, tenant)?;
//! println!("{}", file.to_json()); // AutopilotConfigurationFile.json
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Send a request without a typed call
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, .. }| {
//! use windows_autopilot::graph::ApiVersion;
//! use windows_autopilot::http::Method;
//!
//! let path = "/deviceManagement/windowsAutopilotDeviceIdentities/nobody";
//! let nobody = client
//!     .request(Method::GET, ApiVersion::Beta, path)
//!     .query("$select", "id,serialNumber")
//!     .read::<serde_json::Value>()
//!     .if_found()
//!     .await?;
//! assert_eq!(nobody, None);
//! # Ok(()) });
//! ```
//!
//! The request has the same sign-in, retries, limits and errors as a typed call. [`Client::get`], [`Client::list`],
//! [`Client::post`], [`Client::patch`] and [`Client::delete`] are shorter forms. [`decode_as`](graph::Call::decode_as)
//! decodes a typed call's response as a type of your own, for properties that this crate does not model. In a test,
//! [`TenantBuilder::with_route`](sim/struct.TenantBuilder.html#method.with_route) adds the path to the simulated
//! tenant.
//!
//! # Replace a layer
//!
//! Each layer is a trait with one main method: [`Transport`](transport::Transport),
//! [`Middleware`](pipeline::Middleware), [`TokenProvider`](credential::TokenProvider), [`Clock`](clock::Clock), and,
//! with their features, [`JournalStore`](workflow/trait.JournalStore.html),
//! [`Directory`](ad/directory/trait.Directory.html) and [`EventSource`](evidence/trait.EventSource.html).
//!
//! ```
//! # windows_autopilot::testing::run(async |harness| {
//! use std::sync::Arc;
//! use async_trait::async_trait;
//! use windows_autopilot::bytes::Bytes;
//! use windows_autopilot::credential::FixedToken;
//! use windows_autopilot::http::{HeaderValue, Request, Response};
//! use windows_autopilot::pipeline::{Middleware, Next};
//! use windows_autopilot::transport::{Transport, TransportError};
//! use windows_autopilot::{Client, Result};
//!
//! /// A transport that prints each exchange of another transport.
//! #[derive(Debug)]
//! struct Logged(Arc<dyn Transport>);
//!
//! #[async_trait]
//! impl Transport for Logged {
//!     async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
//!         let line = format!("{} {}", request.method(), request.uri().path());
//!         let response = self.0.send(request).await?;
//!         println!("{line}: {}", response.status());
//!         Ok(response)
//!     }
//! }
//!
//! /// Adds the change ticket to every request.
//! #[derive(Debug)]
//! struct Ticket;
//!
//! #[async_trait]
//! impl Middleware for Ticket {
//!     async fn handle(&self, mut request: Request<Bytes>, next: Next<'_>) -> Result<Response<Bytes>> {
//!         request.headers_mut().insert("x-change-ticket", HeaderValue::from_static("CHG0001"));
//!         next.run(request).await
//!     }
//! }
//!
//! let inner: Arc<dyn Transport> = Arc::new(harness.tenant); // or a `ReqwestTransport`
//! let client = Client::builder(FixedToken::new("simulated"))
//!     .with_transport(Logged(inner))
//!     .with_middleware(Ticket)
//!     .build()?;
//! assert_eq!(client.devices().count().await?, 0);
//! # Ok(()) });
//! ```
//!
//! # Handle errors
//!
//! An [`Error`] has an [`ErrorKind`] to match on. The error names the operation, carries the service's codes and
//! request ids, and contains no secrets. Its message ends with the remedy, if one is known:
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, .. }| {
//! # let id = "0f8fad5b-d9cb-469f-a165-70867728950e".parse()?;
//! use windows_autopilot::ErrorKind;
//!
//! match client.devices().get(&id).await {
//!     Ok(device) => println!("{:?}", device.serial_number),
//!     Err(error) if error.kind() == ErrorKind::NotFound => println!("not registered"),
//!     Err(error) => eprintln!("{error}; request id {:?}", error.request_id()),
//! }
//! # Ok(()) });
//! ```
//!
//! The client retries requests that are safe to retry ([`RetryConfig`](pipeline::RetryConfig)), follows next links only
//! to its own host, and never repeats a write with an unknown outcome: such a call fails with
//! [`ErrorKind::UnknownOutcome`]; read the object before you retry. [`docs::reliability`] has the details in tables,
//! and [`docs::tracing`] describes the spans. Checks return findings, which [`docs::findings`] lists.
//!
//! # Test offline
//!
//! [`testing::Harness`](testing/struct.Harness.html) pairs a client with a simulated tenant and a clock on which hours
//! pass in milliseconds. Add `windows-autopilot = { version = "0.1", features = ["sim"] }` to your
//! `[dev-dependencies]`, and start a test with:
//!
//! ```
//! use std::time::Duration;
//! use windows_autopilot::sim::Fault;
//! use windows_autopilot::testing::Harness;
//!
//! # windows_autopilot::testing::run(async |_| {
//! let Harness { client, tenant, clock, .. } = Harness::new();
//! tenant.add_device("PF3XK7M1");
//! assert_eq!(client.devices().count().await?, 1);
//!
//! // Inject the kinds of faults that occur in a real tenant.
//! tenant.fault(Fault::throttle(Duration::from_secs(7)).once());
//! assert_eq!(client.devices().count().await?, 1);
//! assert_eq!(clock.slept(), [Duration::from_secs(7)]);
//! # Ok(()) });
//! ```
//!
//! [`sim::Server`](sim/struct.Server.html) and the `autopilot-sim` program (feature `serve`) serve the tenant to
//! programs in other languages. [`docs::coverage`](docs/coverage/index.html) lists the operations that it supports.
//!
//! # Examples
//!
//! The repository's `examples/` folder contains a program for each task, which runs against the simulated tenant unless
//! given `--live`: `hybrid_join` for a whole deployment, `plan`, `apply`, `drift`, `export`, `watch` and `teardown` for
//! its parts, `import_devices`, `diagnose`, `delegate_ou`, and recipes for single calls. [`docs::exit_codes`] lists
//! their exit codes, and [`docs::scaling`] shows one program for many tenants.
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `reqwest` | yes | `transport::ReqwestTransport`: HTTP over reqwest with rustls |
//! | `registration` | no | `registration`: CSV files, hardware hashes |
//! | `offline` | no | `offline`: `AutopilotConfigurationFile.json` |
//! | `import` | no | `workflow::Import`: device import with a journal, in about a fifth of the code that `workflow` adds |
//! | `patterns` | no | evaluation of `-match` in membership rules: [`MembershipRule::evaluate`](model::MembershipRule::evaluate) |
//! | `workflow` | no | `workflow`: the ten steps as one; includes `import`, `offline`, `patterns` and `registration` |
//! | `certificate` | no | `credential::ClientCertificate`: sign-in with a certificate |
//! | `pfx` | no | `credential::ClientCertificate::from_pfx`: certificate and key from a `.pfx` file |
//! | `azure-identity` | no | `credential::AzureIdentity`: any credential from the `azure_identity` crate: managed identity, Azure CLI |
//! | `interactive` | no | `credential::InteractiveBrowser`: a user signs in with the browser on this machine |
//! | `cassette` | no | `transport::Recorder`, `transport::Replayer`: exchanges in readable files, without secrets |
//! | `connector-config` | no | `ad::connector_config`: the Intune Connector's `.exe.config` files |
//! | `ad` | no | `ad`: what the connector needs in Active Directory (checked, delegated, or written as a script for review) |
//! | `ldap` | no | `ad::ldap::LdapDirectory`: a real directory, over LDAP with TLS |
//! | `evidence` | no | `evidence`: offline analysis of a device's and the connector server's logs |
//! | `evidence-archives` | no | archives (`.cab`, `.zip`) of such logs |
//! | `sim` | no | `sim`, the simulated tenant, and `testing`, a client for it in one line; includes `patterns` |
//! | `serve` | no | [`sim::Server`](sim/struct.Server.html) and the `autopilot-sim` program: the simulated tenant over HTTP and HTTPS on loopback |
//!
//! Without features, the dependency tree has no HTTP stack and no TLS: provide your own transport. A program with the
//! default features compiles 139 crates, about as many as with reqwest alone; `workflow` adds two, `ldap` adds forty,
//! and all features together bring the total to 270. [`docs::weight`] has the build times.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "connector-config")]
pub mod ad;
pub mod catalog;
pub mod clock;
pub mod codes;
pub mod credential;
pub mod docs;
pub mod error;
#[cfg(feature = "evidence")]
#[cfg_attr(docsrs, doc(cfg(feature = "evidence")))]
pub mod evidence;
mod foreign;
pub mod graph;
pub mod model;
#[cfg(feature = "offline")]
#[cfg_attr(docsrs, doc(cfg(feature = "offline")))]
pub mod offline;
pub mod pipeline;
#[cfg(any(feature = "import", feature = "registration"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "import", feature = "registration"))))]
pub mod registration;
pub mod resource;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod sim;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod testing;
#[cfg(any(feature = "reqwest", feature = "ldap"))]
mod tls;
pub mod transport;
#[cfg(feature = "import")]
#[cfg_attr(docsrs, doc(cfg(feature = "import")))]
pub mod workflow;

pub use self::error::{Error, ErrorKind, Result};
pub use self::graph::{Client, ClientBuilder, Cloud};

/// The bodies of requests and responses in [`transport`] and raw requests.
pub use bytes;
/// The requests, responses, methods and headers in [`transport`], [`pipeline`] and raw requests.
pub use http;
/// The timestamps in [`model`].
pub use jiff;
/// The JSON values in raw requests and in unknown parts of [`model`] types.
pub use serde_json;

/// The README's program, compiled.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
