//! The state of a tenant, and the agenda of its later work.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::limit::Limits;
use super::options::Options;
use super::rows::{Auth, Connector, Deployments, Directory, Entity, Identity, Import, Policy, Sync};
use super::schema::Reading;
use super::store::{Body, Listings, Pairs, Table, later, random};
use crate::catalog::ApiVersion;

/// A later action of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Due {
    ImportStarts(String),
    ImportEnds(String),
    IdentityAppears(String),
    IdentityGoes(String),
    SyncEnds,
    /// A device is evaluated for all dynamic groups.
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
    /// Assignments to a deleted group are removed.
    OrphansGo(String),
    /// The next step of a device's deployment.
    DeploymentMoves(String),
    /// A device gives up on its connector.
    JoinTimesOut {
        run: String,
        request: u64,
    },
    /// Entra Connect synchronizes a device that has joined its domain.
    HybridDeviceAppears(String),
}

/// The state of a tenant.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(skip)]
    pub(super) options: Options,
    #[serde(with = "random")]
    pub(super) rng: fastrand::Rng,
    /// The source of request ids, separate so that the number of requests does not change the ids of objects.
    #[serde(with = "random")]
    request_rng: fastrand::Rng,
    pub(super) tenant_id: String,
    pub(super) now: Timestamp,
    pub(super) created: Timestamp,
    #[serde(with = "Pairs")]
    agenda: BTreeMap<(Timestamp, u64), Due>,
    agenda_count: u64,
    pub(super) auth: Auth,
    #[serde(skip)]
    pub(super) limits: Limits,
    #[serde(skip)]
    pub(super) listings: Listings,
    pub(super) directory: Directory,
    /// The time before which delta tokens are expired.
    pub(super) delta_tokens_before: Timestamp,
    pub(super) identities: Table<Identity>,
    pub(super) imports: Table<Import>,
    /// Serial numbers of another tenant's devices, in lower case.
    pub(super) foreign: BTreeSet<String>,
    /// The number of next imports that fail with `StorageError`.
    pub(super) storage_errors: u32,
    /// Serial numbers of devices whose imports never end, in lower case.
    pub(super) held_imports: BTreeSet<String>,
    pub(super) sync: Sync,
    pub(super) profiles: Table<Entity>,
    pub(super) enrollment: Table<Entity>,
    pub(super) configurations: Table<Entity>,
    pub(super) filters: Table<Entity>,
    pub(super) connectors: Table<Connector>,
    pub(super) mobility: Table<Entity>,
    pub(super) apps: Table<Entity>,
    /// Objects of unmanaged collections.
    pub(super) policies: Vec<Policy>,
    pub(super) managed: Table<Entity>,
    pub(super) events: Table<Entity>,
    /// The statuses of policies and apps by deployment event.
    pub(super) policy_details: HashMap<String, Vec<Body>>,
    pub(super) deployments: Deployments,
}

impl State {
    pub(super) fn new(options: Options, now: Timestamp) -> Self {
        let mut rng = fastrand::Rng::with_seed(options.seed);
        let request_rng = rng.fork();
        let tenant_id = guid(&mut rng);
        Self {
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
            listings: Listings::default(),
            directory: Directory::default(),
            delta_tokens_before: Timestamp::MIN,
            identities: Table::default(),
            imports: Table::default(),
            foreign: BTreeSet::new(),
            storage_errors: 0,
            held_imports: BTreeSet::new(),
            sync: Sync::default(),
            profiles: Table::default(),
            enrollment: Table::default(),
            configurations: Table::default(),
            filters: Table::default(),
            connectors: Table::default(),
            mobility: Table::default(),
            apps: Table::default(),
            policies: Vec::new(),
            managed: Table::default(),
            events: Table::default(),
            policy_details: HashMap::new(),
            deployments: Deployments::default(),
        }
    }

    /// Returns the way to read a body that is sent in a version.
    pub(super) fn reading(&self, version: ApiVersion) -> Reading {
        let quirks = &self.options.quirks;
        Reading {
            version,
            takes_text: quirks.text_for_primitives,
            takes_false: quirks.supports_scope_tags_takes_false,
        }
    }

    /// Returns a new GUID.
    pub(super) fn guid(&mut self) -> String {
        guid(&mut self.rng)
    }

    /// Returns a new GUID for a request.
    pub(super) fn request_guid(&mut self) -> String {
        guid(&mut self.request_rng)
    }

    /// Plans `due` after `delay`; without delay it happens before the next request.
    pub(super) fn plan(&mut self, delay: Duration, due: Due) {
        let at = later(self.now, delay);
        self.plan_at(at, due);
    }

    pub(super) fn plan_at(&mut self, at: Timestamp, due: Due) {
        self.agenda_count += 1;
        self.agenda.insert((at, self.agenda_count), due);
    }

    /// Takes the next entry due by `until` from the agenda, and advances to its time.
    pub(super) fn take_due(&mut self, until: Timestamp) -> Option<Due> {
        let entry = self.agenda.first_entry().filter(|entry| entry.key().0 <= until)?;
        let ((at, _), due) = entry.remove_entry();
        self.now = self.now.max(at);
        Some(due)
    }
}

/// Returns a version 4 GUID.
pub(super) fn guid(rng: &mut fastrand::Rng) -> String {
    let bits = rng.u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
