//! One real offline domain join: `net offlinejoin provision`, as the connector's own account, for a device of the simulated
//! tenant. Where the domain controller offers no more than LDAP, the test says that it was skipped (see `.ci/samba`).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use async_trait::async_trait;
use base64::Engine as _;
use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::directory::{Directory, Search};
use windows_autopilot::sim::{
    Cause, Computer, ComputerAccounts, ComputerRefusal, DeploymentPhase, RefusalKind,
};

use crate::controller::{Controller, PASSWORD, unique};
use crate::lab_support::{Lab, assert_refused};

/// `net offlinejoin provision`, with files of its own: the machine's are not changed.
#[derive(Debug, Clone)]
struct OfflineJoin {
    folder: PathBuf,
    address: String,
    account: String,
}

/// Names are looked up in a copy of the hosts file, in a mount namespace of its own.
const SCRIPT: &str = r#"
set -e
cd "$1"
mkdir -p private state cache lock
printf '[libdefaults]\n default_realm = CORP.EXAMPLE\n dns_lookup_kdc = false\n[realms]\n CORP.EXAMPLE = {\n  kdc = %s\n }\n' \
    "$2" >krb5.conf
printf '[global]\n workgroup = CORP\n realm = CORP.EXAMPLE\n security = ads\n netbios name = %s\n' "$3" >smb.conf
for kind in private state cache lock pid; do printf ' %s directory = %s\n' "$kind" "$1/lock" >>smb.conf; done
{ cat /etc/hosts; echo "$2 dc1.corp.example corp.example"; } >hosts
mount --bind hosts /etc/hosts
export KRB5_CONFIG=$1/krb5.conf
timeout 60 net offlinejoin provision domain=corp.example machine_name="$3" machine_account_ou="$4" \
    dcname=dc1.corp.example savefile="$1/$3.blob" -U "$5%$6" --configfile="$1/smb.conf"
"#;

impl OfflineJoin {
    fn blob_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.blob"))
    }
}

#[async_trait]
impl ComputerAccounts for OfflineJoin {
    async fn create(&self, computer: &Computer) -> Result<(), ComputerRefusal> {
        let (this, computer) = (self.clone(), computer.clone());
        let run = move || {
            let unit = computer.organizational_unit.as_deref().unwrap();
            Command::new("unshare")
                .args(["--mount", "--propagation", "private", "bash", "-c", SCRIPT, "bash"])
                .arg(&this.folder)
                .args([&*this.address, &*computer.name, unit, &*this.account, PASSWORD])
                .output()
                .unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        if output.status.success() {
            return Ok(());
        }
        let text =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        let kind = match text.contains("Insufficient access") {
            true => RefusalKind::NoRight,
            false => RefusalKind::Other,
        };
        Err(ComputerRefusal::new(kind, text))
    }
}

/// The bytes of a blob: Base64 in UTF-16.
fn decoded(file: &Path) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).unwrap();
    let text = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[tokio::test]
async fn a_device_gets_a_real_blob_with_the_right_and_none_without() {
    let Some(controller) = Controller::find().await else { return };
    if std::env::var_os("AD_OFFLINE_JOIN").is_none() {
        let why = "skipped: the domain controller offers no offline domain join (see .ci/samba)\n";
        std::io::stderr().write_all(why.as_bytes()).unwrap();
        return;
    }
    let (unit, connector) = (controller.unit().await, controller.managed_service_account().await);
    let folder = std::env::temp_dir().join(unique("offline-join-"));
    std::fs::create_dir(&folder).unwrap();
    let url = controller.url.strip_prefix("ldaps://").unwrap();
    let address = url.rsplit_once(':').unwrap().0.to_owned();
    let join = OfflineJoin { folder: folder.clone(), address, account: connector.name.clone() };
    let lab = Lab::new(join.clone(), &unit, &format!("{}-", unique("J")), 2).await;

    assert_refused(&lab.deploy(0..1).await, Cause::NoRight);
    let admin = controller.admin().await;
    Delegation::new(&unit, connector.sid.clone()).apply(&admin).await.unwrap();
    let (_, ends) = lab.deploy(1..2).await;
    assert_eq!(ends[0].phase, DeploymentPhase::Finished, "{ends:?}");
    let name = ends[0].computer_name.clone().unwrap();
    let blob = decoded(&join.blob_of(&name));
    assert!(blob.starts_with(&[1, 0x10, 8, 0, 0xCC, 0xCC, 0xCC, 0xCC]), "a serialized structure");
    let contains = |text: &str| {
        let wanted: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        blob.windows(wanted.len()).any(|part| part == wanted)
    };
    assert!(contains(&name) && contains("corp.example"));
    let dn = format!("CN={name},{unit}");
    let entry = admin.read(Search::entry(&*dn).with_attributes(["sAMAccountName"])).await.unwrap().unwrap();
    assert!(entry.has("sAMAccountName", &format!("{name}$")));
    // The blob has the password of the computer.
    std::fs::remove_dir_all(&folder).unwrap();
}
