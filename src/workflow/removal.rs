//! Removes objects and registrations: retries while the service still uses them, and waits until they are gone.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};

use super::run::Progress;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Call, Client, Operation, PollStatus, Poller, Schedule};
use crate::model::{Device, EnrollmentState, Id, Lookup, ManagedDevice};

/// The wait for the service to release an unassigned object.
const LETTING_GO: Schedule =
    Schedule::new(Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(5 * 60));

/// The wait for deleted registrations to disappear.
const GOING: Schedule =
    Schedule::new(Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(60 * 60));

/// The name of the service's error for a registration that is being deleted, in the service's spelling.
const DELETION_IN_PROGRESS: &str = "ZtdDeviceDeletionInProgess";

/// Returns the device in Intune to delete before a registration: unknown if the device is enrolled and the service does
/// not name it.
pub(super) fn managed_device(device: &Device) -> Lookup<&Id<ManagedDevice>> {
    let state = device.enrollment_state.as_ref();
    match &device.managed_device_id {
        Some(managed) if state.is_none_or(|state| *state != EnrollmentState::NotContacted) => {
            Lookup::Present(managed)
        }
        _ if state == Some(&EnrollmentState::Enrolled) => Lookup::Unknown,
        _ => Lookup::Absent,
    }
}

/// Returns the reason why an enrolled device keeps its registration.
pub(super) fn enrolled_evidence(managed: &Lookup<&Id<ManagedDevice>>) -> &'static str {
    match managed {
        Lookup::Unknown => "it is enrolled, and the service does not report which device in Intune it is",
        _ => "it is enrolled: its registration cannot be deleted before the device in Intune is",
    }
}

/// Removes objects of a run one at a time.
pub(super) struct Remover<'a, E> {
    pub(super) client: &'a Client,
    pub(super) progress: &'a Progress<E>,
}

impl<E> Remover<'_, E> {
    /// Deletes an object. Retries while the service still sees it in use. A missing object is not an error.
    pub(super) async fn delete(&self, call: Call<()>) -> Result<()> {
        let operation: Operation<()> = call.into_operation();
        let client = self.client.clone();
        let last: Arc<Mutex<Option<Error>>> = Arc::default();
        let refused = Arc::clone(&last);
        let deleted =
            Poller::new(Arc::clone(self.client.clock()), LETTING_GO, "the service to delete it", move || {
                let (client, operation, refused) = (client.clone(), operation.clone(), Arc::clone(&refused));
                async move {
                    match client.call(operation.clone()).if_found().await {
                        Ok(_) => Ok(PollStatus::Ready(())),
                        // An earlier request deletes the registration already.
                        Err(error) if is_in_progress(&error) => Ok(PollStatus::Ready(())),
                        Err(error) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Conflict) => {
                            *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            Ok(PollStatus::Pending(()))
                        }
                        Err(error) => Err(error),
                    }
                }
            });
        match select(deleted.into_future(), pin!(self.progress.stopped())).await {
            Either::Left((Ok(()), _)) => Ok(()),
            Either::Left((Err(error), _)) if error.kind() == ErrorKind::Timeout => {
                // The service's refusal says more than the timeout.
                Err(last.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(error))
            }
            Either::Left((Err(error), _)) => Err(error),
            Either::Right(_) => Err(Error::new(
                ErrorKind::Interrupted,
                "stopped while the service still used the object to delete",
            )),
        }
    }

    /// Starts a sync and waits until the registrations are gone. Returns `false` if the run was stopped.
    pub(super) async fn devices_gone(&self, devices: Vec<Id<Device>>) -> Result<bool> {
        match self.client.autopilot_sync().sync().await {
            Ok(()) => {}
            // One is under way, or was asked for a moment ago: it will do.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Throttled) => {}
            Err(error) => return Err(error),
        }
        let client = self.client.clone();
        let gone =
            Poller::new(Arc::clone(self.client.clock()), GOING, "the registrations to go", move || {
                let (client, devices) = (client.clone(), devices.clone());
                async move {
                    let mut batch = client.batch();
                    let slots: Vec<_> =
                        devices.iter().map(|id| batch.add(client.devices().get(id))).collect();
                    let mut answers = batch.await?;
                    for slot in slots {
                        if answers.take_if_found(slot)?.is_some() {
                            return Ok(PollStatus::Pending(()));
                        }
                    }
                    Ok(PollStatus::Ready(()))
                }
            });
        match select(gone.into_future(), pin!(self.progress.stopped())).await {
            Either::Left((ended, _)) => ended.map(|()| true),
            Either::Right(_) => Ok(false),
        }
    }
}

/// Sends a call whose object may be gone.
pub(super) async fn send(call: Call<()>) -> Result<()> {
    match call.await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn is_in_progress(error: &Error) -> bool {
    error.service().is_some_and(|service| service.message().contains(DELETION_IN_PROGRESS))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_device_is_in_intune_by_its_id_or_not_known_if_it_is_enrolled_without_one() {
        let managed: Id<ManagedDevice> = "m".parse().unwrap();
        for (id, state, expected) in [
            (Some("m"), Some("enrolled"), Lookup::Present(&managed)),
            (Some("m"), Some("failed"), Lookup::Present(&managed)),
            (Some("m"), None, Lookup::Present(&managed)),
            (Some("m"), Some("notContacted"), Lookup::Absent),
            (None, Some("enrolled"), Lookup::Unknown),
            (None, Some("notContacted"), Lookup::Absent),
            (None, None, Lookup::Absent),
        ] {
            let device = json!({"id": "d", "managedDeviceId": id, "enrollmentState": state});
            let device: Device = from_value(device).unwrap();
            assert_eq!(managed_device(&device), expected, "{id:?} {state:?}");
        }
    }
}
