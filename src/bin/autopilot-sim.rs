//! Serves a simulated tenant on loopback, for tools in any language: a thin shell around `sim::Server`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to a person")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lexopt::{Arg, Parser};
use windows_autopilot::clock::ScaledClock;
use windows_autopilot::serde_json::{Value, json};
use windows_autopilot::sim::{Lag, Quirks, RateLimit, Seed, ServedTls, Server, Tenant};

const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
const SECRET: &str = "simulated";

const HELP: &str = "\
Serves a simulated tenant of Microsoft Graph for Windows Autopilot on 127.0.0.1.

Usage: autopilot-sim [OPTIONS]

  --port PORT          the port to listen on; 0 for any free one [default: 8080]
  --tls DIR            serve HTTPS beside HTTP on the same port, and write the authority's certificate to DIR/ca.pem
  --proxy              answer CONNECT for the hosts of Microsoft Graph and sign-in, for HTTPS_PROXY; needs --tls
  --seed FILE          begin with the objects of a JSON seed, or go on from a snapshot (GET /_sim/snapshot)
  --speed SPEED        let time pass faster, such as 60x [default: 1x]
  --lag none|documented
                       do background work at once, or with the documented delays [default: documented]
  --import-limit N     the imports of single devices that a minute may have, or none [default: 65]
  --quirk NAME=VALUE   decide a disputed point: on, off, a number or a text; GET /_sim/quirks lists the names
  --strict-tokens      refuse tokens that this tenant did not issue [default: any bearer token is an application's]
  --record FILE        append a line of JSON for each request, without bodies, queries and names
  --help, --version

The control API is at /_sim: GET lists its paths. Exit codes: 0 stopped, 1 failed, 2 usage.";

fn main() -> ExitCode {
    let options = match Options::read(Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("autopilot-sim: {problem}\nautopilot-sim --help lists the options");
            return ExitCode::from(2);
        }
    };
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))
        .and_then(|runtime| runtime.block_on(serve(options)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("autopilot-sim: {problem}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    port: u16,
    tls: Option<PathBuf>,
    proxy: bool,
    seed: Option<Seed>,
    speed: f64,
    lag: Lag,
    import_limit: Option<u32>,
    quirks: Quirks,
    strict_tokens: bool,
    record: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments; `None` if they only ask for help or the version.
    fn read(mut arguments: Parser) -> Result<Option<Self>, String> {
        let mut options = Self {
            port: 8080,
            tls: None,
            proxy: false,
            seed: None,
            speed: 1.0,
            lag: Lag::default(),
            import_limit: Some(65),
            quirks: Quirks::default(),
            strict_tokens: false,
            record: None,
        };
        while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
            let Arg::Long(name) = argument else {
                return Err(format!("{}: options begin with --", argument.unexpected()));
            };
            let name = name.to_owned();
            let mut value = || {
                let value = arguments.value().and_then(lexopt::ValueExt::string);
                value.map_err(|error| format!("--{name}: {error}"))
            };
            match name.as_str() {
                "help" => {
                    println!("{HELP}");
                    return Ok(None);
                }
                "version" => {
                    println!("autopilot-sim {}", env!("CARGO_PKG_VERSION"));
                    return Ok(None);
                }
                "port" => {
                    options.port = value()?.parse().map_err(|_| "--port is a number from 0 to 65535")?
                }
                "tls" => options.tls = Some(value()?.into()),
                "proxy" => options.proxy = true,
                "seed" => options.seed = Some(read_seed(Path::new(&value()?))?),
                "speed" => options.speed = read_speed(&value()?)?,
                "lag" => {
                    options.lag = match value()?.as_str() {
                        "none" => Lag::none(),
                        "documented" => Lag::default(),
                        other => return Err(format!("--lag is none or documented, not {other:?}")),
                    }
                }
                "import-limit" => {
                    options.import_limit = match value()?.as_str() {
                        "none" => None,
                        number => Some(number.parse().map_err(|_| "--import-limit is a number or none")?),
                    }
                }
                "quirk" => set_quirk(&mut options.quirks, &value()?)?,
                "strict-tokens" => options.strict_tokens = true,
                "record" => options.record = Some(value()?.into()),
                _ => return Err(format!("--{name} is not an option")),
            }
        }
        if options.proxy && options.tls.is_none() {
            return Err("--proxy needs --tls DIR: programs speak TLS to Microsoft's hosts".to_owned());
        }
        Ok(Some(options))
    }
}

fn read_seed(path: &Path) -> Result<Seed, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("--seed {}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("--seed {}: {error}", path.display()))
}

fn read_speed(text: &str) -> Result<f64, String> {
    let speed = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    let most = ScaledClock::MAX_SPEED;
    speed
        .filter(|speed| (0.0..=most).contains(speed))
        .ok_or_else(|| format!("--speed is a number from 0 to {most}, such as 60x, not {text:?}"))
}

fn set_quirk(quirks: &mut Quirks, text: &str) -> Result<(), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("--quirk is NAME=VALUE, not {text:?}"))?;
    let value = match value {
        "on" => Value::Bool(true),
        "off" => Value::Bool(false),
        other => other.parse::<i64>().map_or_else(|_| other.into(), Value::from),
    };
    quirks.set(name, value).map_err(|error| format!("--quirk: {error}"))
}

async fn serve(options: Options) -> Result<(), String> {
    let clock = ScaledClock::new(options.speed);
    let mut builder = Tenant::builder()
        .with_clock(Arc::new(clock.clone()))
        .with_lag(options.lag)
        .with_import_limit(options.import_limit.map(|calls| RateLimit::new(calls, Duration::from_secs(60))))
        .with_quirks(|quirks| *quirks = options.quirks);
    if options.strict_tokens {
        builder = builder.with_strict_tokens();
    }
    let tenant = builder.build();
    match &options.seed {
        Some(snapshot) if snapshot.state.is_some() => tenant.restore(snapshot),
        Some(seed) => tenant.seed(seed),
        None => Ok(()),
    }
    .map_err(|error| format!("--seed: {error}"))?;
    tenant.add_client_secret(APP, SECRET);
    tenant.add_public_client(APP, ["http://localhost"]);

    let mut server = Server::builder(tenant.clone())
        .with_address(([127, 0, 0, 1], options.port).into())
        .with_proxy(options.proxy)
        .with_control(true)
        .with_clock(clock);
    if options.tls.is_some() {
        server = server.with_tls(ServedTls::generated());
    }
    if let Some(path) = &options.record {
        let file = fs::OpenOptions::new().create(true).append(true).open(path);
        let file = Mutex::new(file.map_err(|error| format!("--record {}: {error}", path.display()))?);
        server = server.with_observer(move |request| {
            let line = json!({
                "at": request.at.to_string(),
                "method": request.method.as_str(),
                "path": request.redacted_path(),
                "status": request.status.map(|status| status.as_u16()),
            });
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = writeln!(file, "{line}") {
                eprintln!("autopilot-sim: --record: {error}");
            }
        });
    }
    let server = server.start().await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("port {} is taken: choose another with --port, or --port 0", options.port)
        }
        _ => error.to_string(),
    })?;
    let certificate = match (&options.tls, server.ca_certificate_pem()) {
        (Some(folder), Some(pem)) => Some(write_certificate(folder, pem)?),
        _ => None,
    };
    greet(&tenant, &server, certificate.as_deref(), options.proxy);
    stopped().await;
    println!("stopping");
    server.stop().await;
    Ok(())
}

fn write_certificate(folder: &Path, pem: &str) -> Result<PathBuf, String> {
    let path = folder.join("ca.pem");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, pem));
    written.map_err(|error| format!("--tls {}: {error}", path.display()))?;
    Ok(path)
}

/// Prints what a person needs to call the tenant.
fn greet(tenant: &Tenant, server: &Server, certificate: Option<&Path>, proxy: bool) {
    let (id, url) = (tenant.id(), server.url());
    println!("A simulated tenant is served at {url}; its control API is at {url}/_sim.");
    println!("tenant {id} ({}), app {APP}, secret {SECRET}", tenant.domain());
    let trust = certificate.map(|path| path.display().to_string());
    if let Some(path) = &trust {
        println!("trust the authority in {path}");
    }
    if let (Some(path), true) = (&trust, proxy) {
        println!(
            "\nAn unmodified program:\n  export HTTPS_PROXY=http://{} SSL_CERT_FILE={path} CURL_CA_BUNDLE={path} REQUESTS_CA_BUNDLE={path} NODE_EXTRA_CA_CERTS={path}",
            server.address()
        );
    }
    // The port speaks plain HTTP too, which spares these two the authority.
    let plain = format!("http://{}", server.address());
    let (python, curl) = match &trust {
        Some(path) => (
            format!(
                "(pip install msal requests):
  import msal, requests
  app = msal.ConfidentialClientApplication(\"{APP}\", \"{SECRET}\", authority=\"{url}/{id}\", instance_discovery=False, verify=\"{path}\")
  token = app.acquire_token_for_client([\"https://graph.microsoft.com/.default\"])[\"access_token\"]
  print(requests.get(\"{url}/v1.0/groups\", headers={{\"Authorization\": f\"Bearer {{token}}\"}}, verify=\"{path}\").json())"
            ),
            format!(" --cacert {path}"),
        ),
        // MSAL takes no authority without HTTPS.
        None => (
            format!(
                "(pip install requests; MSAL needs --tls):
  import requests
  form = {{\"grant_type\": \"client_credentials\", \"client_id\": \"{APP}\", \"client_secret\": \"{SECRET}\", \"scope\": \"https://graph.microsoft.com/.default\"}}
  token = requests.post(\"{url}/{id}/oauth2/v2.0/token\", data=form).json()[\"access_token\"]
  print(requests.get(\"{url}/v1.0/groups\", headers={{\"Authorization\": f\"Bearer {{token}}\"}}).json())"
            ),
            String::new(),
        ),
    };
    println!(
        "\ncurl:
  curl{curl} -H 'authorization: Bearer any' {url}/v1.0/deviceManagement/windowsAutopilotDeviceIdentities

PowerShell:
  $body = @{{ grant_type = 'client_credentials'; client_id = '{APP}'; client_secret = '{SECRET}'; scope = 'https://graph.microsoft.com/.default' }}
  $token = (Invoke-RestMethod -Method Post {plain}/{id}/oauth2/v2.0/token -Body $body).access_token
  Invoke-RestMethod {plain}/v1.0/groups -Headers @{{ authorization = \"Bearer $token\" }}

Python {python}

JavaScript:
  const body = new URLSearchParams({{ grant_type: 'client_credentials', client_id: '{APP}', client_secret: '{SECRET}', scope: 'https://graph.microsoft.com/.default' }})
  const {{ access_token }} = await (await fetch('{plain}/{id}/oauth2/v2.0/token', {{ method: 'POST', body }})).json()
  console.log(await (await fetch('{plain}/v1.0/groups', {{ headers: {{ authorization: `Bearer ${{access_token}}` }} }})).json())"
    );
}

/// Waits until the program is asked to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            let (interrupt, terminate) = (std::pin::pin!(interrupt.recv()), std::pin::pin!(terminate.recv()));
            futures_util::future::select(interrupt, terminate).await;
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
