//! The context shared by the parts that apply a plan.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};

use super::report::{ApplyEvent, ApplyReport};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, PollStatus, Poller, Schedule};
use crate::model::Finding;
use crate::workflow::record::Record;
use crate::workflow::run::Progress;
use crate::workflow::step::Step;

/// The running application of a plan, shared by its concurrent parts.
pub(super) struct Apply {
    pub(super) client: Client,
    pub(super) progress: Progress<ApplyEvent>,
    pub(super) report: Mutex<ApplyReport>,
    pub(super) record: Mutex<Record>,
    /// The ids of findings that do not stop the run.
    pub(super) waived: Vec<String>,
}

/// The reason why a part ended early.
pub(super) enum Halt {
    /// The run was stopped, or another part failed.
    Stopped,
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The result of one part.
pub(super) type PartResult<T> = Result<T, Halt>;

pub(super) const fn schedule(first: u64, longest: u64, deadline: u64) -> Schedule {
    Schedule::new(Duration::from_secs(first), Duration::from_secs(longest), Duration::from_secs(deadline))
}

impl Apply {
    pub(super) fn report(&self) -> MutexGuard<'_, ApplyReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks before each write that the run may continue.
    pub(super) async fn go_on(&self) -> PartResult<()> {
        self.progress.flush().await;
        if self.progress.is_stopped() { Err(Halt::Stopped) } else { Ok(()) }
    }

    pub(super) fn started(&self, step: Step, subject: &str) {
        self.progress.emit(ApplyEvent::Started { step, subject: subject.to_owned() });
    }

    pub(super) fn done(&self, step: Step, subject: &str, description: &'static str) {
        self.report().changes += 1;
        self.progress.emit(ApplyEvent::Finished { step, subject: subject.to_owned(), description });
    }

    pub(super) fn found(&self, finding: Finding) {
        self.report().findings.push(finding.clone());
        self.progress.emit(ApplyEvent::Finding(finding));
    }

    /// Polls until `look` returns a value, unless the run is stopped.
    pub(super) async fn until<T, F, R>(
        &self,
        schedule: Schedule,
        what: &'static str,
        mut look: F,
    ) -> PartResult<T>
    where
        T: Send + 'static,
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = Result<Option<T>>> + Send + 'static,
    {
        let poller = Poller::<T, ()>::new(Arc::clone(self.client.clock()), schedule, what, move || {
            let seen = look();
            async { Ok(seen.await?.map_or(PollStatus::Pending(()), PollStatus::Ready)) }
        });
        match select(poller.into_future(), pin!(self.progress.stopped())).await {
            Either::Left((ended, _)) => Ok(ended?),
            Either::Right(_) => Err(Halt::Stopped),
        }
    }
}

/// Returns `None` for a wait that timed out.
pub(super) fn in_time<T>(waited: PartResult<T>) -> PartResult<Option<T>> {
    match waited {
        Err(Halt::Failed(late)) if late.kind() == ErrorKind::Timeout => Ok(None),
        waited => waited.map(Some),
    }
}

/// Returns `true` for a refusal that another operator's change may explain.
pub(super) fn is_contested(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Rejected | ErrorKind::NotFound)
}
