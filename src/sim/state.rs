//! All that a tenant knows, and how it moves on with time.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::auth::Auth;
use super::deploy::Deployments;
use super::directory::Directory;
use super::fault::Faults;
use super::limit::Limits;
use super::options::Options;
use super::resource::assignment::Assignment;
use super::resource::connector::Connector;
use super::resource::device::Identity;
use super::resource::import::Import;
use super::resource::sync::Sync;
use super::store::{Body, Keyed, Row, Table};

/// An object whose properties are kept as JSON: what an administrator made, or what is few.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) id: String,
    /// The name of its type, without namespace.
    pub(super) type_name: String,
    pub(super) body: Body,
    pub(super) assignments: Vec<Assignment>,
    /// Ids of objects that it refers to: network access configurations, or groups of a mobility policy.
    pub(super) links: Vec<String>,
}

impl Entity {
    pub(super) fn new(id: String, type_name: &str, body: Body) -> Self {
        Self { id, type_name: type_name.to_owned(), body, assignments: Vec::new(), links: Vec::new() }
    }

    pub(super) fn text(&self, property: &str) -> &str {
        self.body.get(property).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn flag(&self, property: &str) -> bool {
        self.body.get(property).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn number(&self, property: &str) -> i64 {
        self.body.get(property).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(super) fn set(&mut self, property: &str, value: impl Into<Value>) {
        self.body.insert(property.to_owned(), value.into());
    }
}

impl Keyed for Entity {
    const INDEXED: &'static [&'static str] = &["serialNumber"];

    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, property: &str) -> Option<&str> {
        self.body.get(property).and_then(Value::as_str)
    }
}

impl Row for Entity {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            _ => self.body.get(property).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.key(property)
    }

    fn type_name(&self) -> &str {
        &self.type_name
    }
}

/// Something that the service does later.
#[derive(Debug, Clone)]
pub(super) enum Due {
    ImportStarts(String),
    ImportEnds(String),
    IdentityAppears(String),
    IdentityGoes(String),
    SyncEnds,
    /// A device is put into the dynamic groups it belongs to, and out of the others.
    DeviceIsEvaluated(String),
    /// All devices are evaluated for one dynamic group.
    GroupIsEvaluated(String),
    MemberJoins {
        group: String,
        member: String,
    },
    MemberLeaves {
        group: String,
        member: String,
    },
    GroupGoes(String),
    DeviceGoes(String),
    /// Assignments to a group that is gone are cleaned away.
    OrphansGo(String),
    /// The next step of a device's deployment.
    DeploymentMoves(String),
    /// Entra Connect synchronizes a device that has joined its domain.
    HybridDeviceAppears(String),
}

/// All that a tenant knows.
#[derive(Clone)]
pub(super) struct State {
    pub(super) options: Options,
    pub(super) rng: fastrand::Rng,
    /// Where the ids of requests come from: how often it was asked must not change what a tenant gives to its objects.
    request_rng: fastrand::Rng,
    pub(super) tenant_id: String,
    pub(super) now: Timestamp,
    pub(super) created: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), Due>,
    agenda_count: u64,
    pub(super) auth: Auth,
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    pub(super) requests: Vec<super::RecordedRequest>,
    pub(super) listings: super::odata::Listings,
    pub(super) directory: Directory,
    /// Delta tokens issued before are not known any more.
    pub(super) delta_tokens_before: Timestamp,
    pub(super) identities: Table<Identity>,
    pub(super) imports: Table<Import>,
    /// Serial numbers of devices that another tenant owns, in lower case.
    pub(super) foreign: std::collections::BTreeSet<String>,
    /// How many of the next imports end in `StorageError`.
    pub(super) storage_errors: u32,
    /// Serial numbers of devices whose imports never end, in lower case.
    pub(super) held_imports: std::collections::BTreeSet<String>,
    pub(super) sync: Sync,
    pub(super) profiles: Table<Entity>,
    pub(super) enrollment: Table<Entity>,
    pub(super) configurations: Table<Entity>,
    pub(super) filters: Table<Entity>,
    pub(super) connectors: Table<Connector>,
    pub(super) mobility: Table<Entity>,
    pub(super) apps: Table<Entity>,
    pub(super) managed: Table<Entity>,
    pub(super) events: Table<Entity>,
    /// What became of policies and apps, by the event of the deployment.
    pub(super) policy_details: HashMap<String, Vec<Body>>,
    pub(super) deployments: Deployments,
}

impl State {
    pub(super) fn new(options: Options, now: Timestamp) -> Self {
        let mut rng = fastrand::Rng::with_seed(options.seed);
        let request_rng = rng.fork();
        let tenant_id = guid(&mut rng);
        let mut state = Self {
            options,
            tenant_id,
            rng,
            request_rng,
            now,
            created: now,
            agenda: BTreeMap::new(),
            agenda_count: 0,
            auth: Auth::default(),
            limits: Limits::default(),
            faults: Faults::default(),
            requests: Vec::new(),
            listings: super::odata::Listings::default(),
            directory: Directory::default(),
            delta_tokens_before: Timestamp::MIN,
            identities: Table::default(),
            imports: Table::default(),
            foreign: std::collections::BTreeSet::new(),
            storage_errors: 0,
            held_imports: std::collections::BTreeSet::new(),
            sync: Sync::default(),
            profiles: Table::default(),
            enrollment: Table::default(),
            configurations: Table::default(),
            filters: Table::default(),
            connectors: Table::default(),
            mobility: Table::default(),
            apps: Table::default(),
            managed: Table::default(),
            events: Table::default(),
            policy_details: HashMap::new(),
            deployments: Deployments::default(),
        };
        super::resource::esp::furnish(&mut state);
        super::resource::mdm::furnish(&mut state);
        let admin = format!("admin@{}", state.options.domain);
        state.add_user(&admin, true);
        state
    }

    /// A new GUID.
    pub(super) fn guid(&mut self) -> String {
        guid(&mut self.rng)
    }

    /// A new GUID for a request.
    pub(super) fn request_guid(&mut self) -> String {
        guid(&mut self.request_rng)
    }

    /// Plans `due` after `delay`; without delay it is done before the next request.
    pub(super) fn plan(&mut self, delay: Duration, due: Due) {
        let at = later(self.now, delay);
        self.plan_at(at, due);
    }

    pub(super) fn plan_at(&mut self, at: Timestamp, due: Due) {
        self.agenda_count += 1;
        self.agenda.insert((at, self.agenda_count), due);
    }

    /// Moves on to `now`: what fell due since is done, in its order and at its own time.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.agenda.first_entry() {
            let (at, _) = *entry.key();
            if at > now {
                break;
            }
            let due = entry.remove();
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::ImportStarts(id) => self.start_import(&id),
            Due::ImportEnds(id) => self.end_import(&id),
            Due::IdentityAppears(id) => self.show_identity(&id),
            Due::IdentityGoes(id) => self.remove_identity(&id),
            Due::SyncEnds => self.end_sync(),
            Due::DeviceIsEvaluated(id) => self.evaluate_device(&id),
            Due::GroupIsEvaluated(id) => self.evaluate_group(&id),
            Due::MemberJoins { group, member } => self.join(&group, &member),
            Due::MemberLeaves { group, member } => self.leave(&group, &member),
            Due::GroupGoes(id) => self.remove_group(&id),
            Due::DeviceGoes(id) => self.remove_device(&id),
            Due::OrphansGo(group) => self.remove_orphans(&group),
            Due::DeploymentMoves(run) => self.move_deployment(&run),
            Due::HybridDeviceAppears(run) => self.show_hybrid_device(&run),
        }
    }
}

/// A version 4 GUID.
pub(super) fn guid(rng: &mut fastrand::Rng) -> String {
    let bits = rng.u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// `at`, and `delay` more.
pub(super) fn later(at: Timestamp, delay: Duration) -> Timestamp {
    at.checked_add(delay).unwrap_or(Timestamp::MAX)
}

/// What stands for "no date".
pub(super) const NO_DATE: &str = "0001-01-01T00:00:00Z";

/// A date, or the year 1 if there is none.
pub(super) fn date(at: Option<Timestamp>) -> Value {
    at.map_or_else(|| NO_DATE.into(), |at| at.to_string().into())
}

/// A property list as a JSON object.
pub(super) fn body<const N: usize>(properties: [(&str, Value); N]) -> Body {
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
