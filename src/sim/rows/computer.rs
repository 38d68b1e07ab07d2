//! Computer accounts: their creation by the simulated connector, and the unanswered requests.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A computer account in Active Directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Computer {
    /// The name of the computer.
    pub name: String,
    /// The domain of the computer.
    pub domain: String,
    /// The organizational unit; `None` for the default container.
    pub organizational_unit: Option<String>,
}

/// The directory in which the simulated connector creates computer accounts for joining devices.
///
/// Set by [`TenantBuilder::with_computer_accounts`](crate::sim::TenantBuilder::with_computer_accounts).
/// `testing::DirectoryAccounts` (feature `ad`) implements it with an in-memory directory or a real domain controller.
///
/// ```
/// use std::sync::Mutex;
/// use windows_autopilot::sim::{Computer, ComputerAccounts, ComputerRefusal, RefusalKind};
///
/// #[derive(Debug, Default)]
/// struct FirstTen(Mutex<Vec<String>>);
///
/// #[async_trait::async_trait]
/// impl ComputerAccounts for FirstTen {
///     async fn create(&self, computer: &Computer) -> Result<(), ComputerRefusal> {
///         let mut names = self.0.lock().unwrap();
///         if names.len() == 10 {
///             return Err(ComputerRefusal::new(RefusalKind::QuotaExceeded, "the account has created ten"));
///         }
///         names.push(computer.name.clone());
///         Ok(())
///     }
/// }
///
/// let tenant = windows_autopilot::sim::Tenant::builder().with_computer_accounts(FirstTen::default()).build();
/// ```
#[async_trait]
pub trait ComputerAccounts: fmt::Debug + Send + Sync + 'static {
    /// Creates a computer account. The tenant calls this method once for each device's request, sequentially and
    /// without holding a lock.
    ///
    /// # Errors
    /// The directory's [`ComputerRefusal`], which ends the device's deployment with the corresponding
    /// [`Cause`](crate::sim::Cause).
    async fn create(&self, computer: &Computer) -> Result<(), ComputerRefusal>;
}

/// The kind of a [`ComputerRefusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The connector's account is not allowed to create computers in the organizational unit.
    NoRight,
    /// The connector's account has created as many computers as the domain's quota allows.
    QuotaExceeded,
    /// Another account has the name.
    NameTaken,
    /// The organizational unit does not exist, or is not visible to the connector's account.
    UnitNotFound,
    /// Any other reason, such as a directory that does not respond.
    Other,
}

/// A directory's refusal to create a computer: its kind and a message.
///
/// ```
/// use windows_autopilot::sim::{ComputerRefusal, RefusalKind};
/// let refusal = ComputerRefusal::new(RefusalKind::NoRight, "the account may not create computers");
/// assert_eq!(refusal.kind(), RefusalKind::NoRight);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerRefusal {
    kind: RefusalKind,
    message: String,
}

impl ComputerRefusal {
    /// Creates a refusal. The message must not identify a user, because it is shown with the
    /// [`Deployment`](crate::sim::Deployment).
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Returns the kind.
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }
}

impl fmt::Display for ComputerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ComputerRefusal {}

/// The unanswered requests for computers, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ComputerRequests {
    count: u64,
    queue: VecDeque<ComputerRequest>,
}

/// A deployment's request for a computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ComputerRequest {
    pub(crate) number: u64,
    /// The id of the deployment.
    pub(crate) run: String,
    pub(crate) computer: Computer,
    /// The name of the domain join configuration.
    pub(crate) configuration: String,
}

impl ComputerRequests {
    /// Adds a request, and returns its number.
    pub(crate) fn add(&mut self, run: &str, computer: Computer, configuration: &str) -> u64 {
        self.count += 1;
        let (run, configuration) = (run.to_owned(), configuration.to_owned());
        self.queue.push_back(ComputerRequest { number: self.count, run, computer, configuration });
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn first(&self) -> Option<&ComputerRequest> {
        self.queue.front()
    }

    /// Removes a request. Returns `false` if it is missing: the tenant may have been reset.
    pub(crate) fn remove(&mut self, request: &ComputerRequest) -> bool {
        let place = self.queue.iter().position(|other| other == request);
        place.and_then(|place| self.queue.remove(place)).is_some()
    }
}

/// The part of a deployment that waits for a computer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct PendingJoin {
    /// The number of the unanswered request.
    pub(crate) request: Option<u64>,
    pub(crate) refusal: Option<ComputerRefusal>,
}
