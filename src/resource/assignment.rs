//! Assignments of deployment profiles, enrollment status pages and domain join profiles, with one interface.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;

use crate::catalog::{self, ApiVersion, OperationInfo};
use crate::graph::{Call, Client, List, Operation, Sequence, entity, nothing};
use crate::model::{
    Assignment, DeploymentProfile, DomainJoinProfile, EnrollmentStatusPage, EntraJoinProfile,
    HybridJoinProfile, Id, SkipUserStatusPage, Target,
};

/// The assignments of one object: `client.profiles().assignments(&id)`, and likewise for enrollment status pages and
/// domain join profiles.
///
/// [`add`](Self::add) and [`remove`](Self::remove) send one request each and leave other assignments unchanged, so
/// concurrent changes are not lost. [`replace`](Self::replace) is built on them.
/// [`replace_at_once`](Self::replace_at_once) replaces the whole list in one request, which only some kinds of object
/// support.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, .. }| {
/// use windows_autopilot::model::{HybridJoinProfile, Target};
///
/// let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
/// let assignments = client.profiles().assignments(&profile.id);
/// let added = assignments.add(&Target::all_devices()).await?;
/// assert_eq!(assignments.list().all().await?, [added.clone()]);
/// assignments.remove(&added.id).await?;
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct Assignments<'c, T> {
    client: &'c Client,
    object: Id<T>,
    of: PhantomData<fn() -> T>,
}

/// A kind of object with assignments.
///
/// ```
/// use windows_autopilot::Result;
/// use windows_autopilot::resource::{Assignable, Assignments};
///
/// /// Removes all assignments of an object of any kind.
/// async fn clear<T: Assignable>(assignments: Assignments<'_, T>) -> Result<()> {
///     for assignment in assignments.list().all().await? {
///         assignments.remove(&assignment.id).await?;
///     }
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` has no assignments",
    note = "profiles, enrollment status pages and domain join profiles have assignments: pass the id of one, such as `&stored.id`"
)]
pub trait Assignable: private::Kind {}
impl<T: private::Kind> Assignable for T {}

/// A kind of object for which the service can also replace all assignments in one request.
pub trait AssignableAtOnce: Assignable + private::AtOnce {}
impl<T: Assignable + private::AtOnce> AssignableAtOnce for T {}

mod private {
    /// The collection of a kind of object.
    #[derive(Debug, Clone, Copy)]
    pub enum Collection {
        Profiles,
        Pages,
        DomainJoins,
    }

    pub trait Kind: 'static {
        const COLLECTION: Collection;
    }

    pub trait AtOnce {
        /// The name of the list in the body of the action.
        const LIST: &'static str;
    }
}

use self::private::{AtOnce, Collection, Kind};

macro_rules! kinds {
    ($($collection:ident: $($kind:ty),+;)+) => {$($(
        impl Kind for $kind {
            const COLLECTION: Collection = Collection::$collection;
        }
    )+)+};
}

kinds! {
    Profiles: HybridJoinProfile, EntraJoinProfile, DeploymentProfile;
    Pages: EnrollmentStatusPage;
    DomainJoins: DomainJoinProfile, SkipUserStatusPage;
}

impl AtOnce for EnrollmentStatusPage {
    const LIST: &'static str = "enrollmentConfigurationAssignments";
}

impl AtOnce for DomainJoinProfile {
    const LIST: &'static str = "assignments";
}

impl AtOnce for SkipUserStatusPage {
    const LIST: &'static str = "assignments";
}

/// The outcome of changing a list of assignments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AssignmentChange {
    /// The targets that were added.
    pub added: Vec<Target>,
    /// The targets that were assigned before and no longer are.
    pub removed: Vec<Target>,
    /// The targets that were assigned before and still are.
    pub kept: Vec<Target>,
    /// The assignments that are not in the requested list but were left alone, because a policy set made them or they
    /// appeared during the change.
    pub not_ours: Vec<Assignment>,
    /// The targets in `removed` that were dropped when the whole list was replaced in one request, instead of being
    /// removed individually. They include assignments that others have made since the caller last read the list.
    pub overwritten: Vec<Target>,
}

impl<'c, T: Assignable> Assignments<'c, T> {
    #[inline]
    pub(super) fn new(client: &'c Client, object: &Id<T>) -> Self {
        Self { client, object: object.clone(), of: PhantomData }
    }

    /// Lists the assignments.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All` for profiles and pages, `DeviceManagementConfiguration.Read.All` for domain
    /// join profiles.
    /// # API
    /// `beta`. [List windowsAutopilotDeploymentProfileAssignments](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-list?view=graph-rest-beta),
    /// [List enrollmentConfigurationAssignments](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-list?view=graph-rest-beta),
    /// [List deviceConfigurationAssignments](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<Assignment> {
        List::new(self.client, self.list_info(), &[self.object.as_str()])
    }

    /// Returns one assignment.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the assignment does not exist.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All` for profiles and pages, `DeviceManagementConfiguration.Read.All` for domain
    /// join profiles.
    /// # API
    /// `beta`. [Get windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-get?view=graph-rest-beta),
    /// [Get enrollmentConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-get?view=graph-rest-beta),
    /// [Get deviceConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<Assignment>) -> Call<Assignment> {
        Call::new(self.client, Operation::new(self.get_info(), &[self.object.as_str(), id.as_str()], entity))
    }

    /// Adds an assignment with the given target: a group, an excluded group, or all devices.
    ///
    /// Only one profile in a tenant can be assigned to all devices. A device whose groups are assigned several profiles
    /// gets the oldest one. Assign pages to device groups: the blocking apps of a page that is assigned to users do not
    /// block device setup.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) with Intune's message, for example that another profile is
    /// assigned to all devices; [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a filter in `v1.0`.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All` for profiles and pages, `DeviceManagementConfiguration.ReadWrite.All`
    /// for domain join profiles.
    /// # API
    /// `beta`. [Create windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-create?view=graph-rest-beta),
    /// [Create enrollmentConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-create?view=graph-rest-beta),
    /// [Create deviceConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-create?view=graph-rest-beta)
    #[inline]
    pub fn add(&self, target: &Target) -> Call<Assignment> {
        let operation = Operation::new(self.add_info(), &[self.object.as_str()], entity);
        Call::new(self.client, for_target(operation, target))
    }

    /// Changes the target of one assignment.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All` for profiles and pages, `DeviceManagementConfiguration.ReadWrite.All`
    /// for domain join profiles.
    /// # API
    /// `beta`. [Update windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-update?view=graph-rest-beta),
    /// [Update enrollmentConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-update?view=graph-rest-beta),
    /// [Update deviceConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-update?view=graph-rest-beta)
    #[inline]
    pub fn update(&self, id: &Id<Assignment>, target: &Target) -> Call<()> {
        let operation = Operation::new(self.update_info(), &[self.object.as_str(), id.as_str()], nothing);
        Call::new(self.client, for_target(operation, target))
    }

    /// Removes one assignment. Use the id that the service returned: it cannot be constructed.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All` for profiles and pages, `DeviceManagementConfiguration.ReadWrite.All`
    /// for domain join profiles.
    /// # API
    /// `beta`. [Delete windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-delete?view=graph-rest-beta),
    /// [Delete enrollmentConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-delete?view=graph-rest-beta),
    /// [Delete deviceConfigurationAssignment](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-delete?view=graph-rest-beta)
    #[inline]
    pub fn remove(&self, id: &Id<Assignment>) -> Call<()> {
        Call::new(
            self.client,
            Operation::new(self.remove_info(), &[self.object.as_str(), id.as_str()], nothing),
        )
    }

    /// Replaces the assignments with `targets`: adds the missing ones before removing others, so no device is left
    /// without the object in the meantime. Assignments made by a policy set are kept.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::model::{HybridJoinProfile, Target};
    /// # let group = tenant.add_group("Autopilot Munich").parse()?;
    /// # let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// let change = client.profiles().assignments(&profile.id).replace(&[Target::group(group)]).await?;
    /// assert_eq!((change.added.len(), change.removed.len()), (1, 0));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Same as [`Call`]; completed changes are kept, and calling again completes the rest.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All` for profiles and pages, `DeviceManagementConfiguration.ReadWrite.All`
    /// for domain join profiles.
    #[inline]
    pub fn replace(&self, targets: &[Target]) -> Sequence<AssignmentChange> {
        let (client, object, targets) = (self.client.clone(), self.object.clone(), distinct(targets));
        Sequence::new(async move {
            let assignments = Assignments::new(&client, &object);
            let found = assignments.list().all().await?;
            let mut change = AssignmentChange::default();
            for target in &targets {
                if found.iter().any(|assignment| reaches(assignment, target)) {
                    change.kept.push(target.clone());
                } else {
                    assignments.add(target).await?;
                    change.added.push(target.clone());
                }
            }
            for assignment in found {
                if targets.iter().any(|target| reaches(&assignment, target)) {
                    continue;
                }
                if assignment.is_direct() {
                    assignments.remove(&assignment.id).await?;
                    change.removed.extend(assignment.target);
                } else {
                    change.not_ours.push(assignment);
                }
            }
            Ok(change)
        })
    }

    #[inline]
    fn list_info(&self) -> &'static OperationInfo {
        match T::COLLECTION {
            Collection::Profiles => &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_LIST,
            Collection::Pages => &catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_LIST,
            Collection::DomainJoins => &catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_LIST,
        }
    }

    #[inline]
    fn get_info(&self) -> &'static OperationInfo {
        match T::COLLECTION {
            Collection::Profiles => &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_GET,
            Collection::Pages => &catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_GET,
            Collection::DomainJoins => &catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_GET,
        }
    }

    #[inline]
    fn add_info(&self) -> &'static OperationInfo {
        match T::COLLECTION {
            Collection::Profiles => &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_CREATE,
            Collection::Pages => &catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_CREATE,
            Collection::DomainJoins => &catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_CREATE,
        }
    }

    #[inline]
    fn update_info(&self) -> &'static OperationInfo {
        match T::COLLECTION {
            Collection::Profiles => &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_UPDATE,
            Collection::Pages => &catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_UPDATE,
            Collection::DomainJoins => &catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_UPDATE,
        }
    }

    #[inline]
    fn remove_info(&self) -> &'static OperationInfo {
        match T::COLLECTION {
            Collection::Profiles => &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_DELETE,
            Collection::Pages => &catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_DELETE,
            Collection::DomainJoins => &catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_DELETE,
        }
    }
}

impl<T: AssignableAtOnce> Assignments<'_, T> {
    /// Replaces **all** assignments with `targets` in one request, so that nothing is unassigned in the meantime. An
    /// empty list removes all.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// # use windows_autopilot::model::{EnrollmentStatusPage, Target};
    /// # let page = client.enrollment_status_pages().create(&EnrollmentStatusPage::new("Munich".parse()?)).await?;
    /// let assignments = client.enrollment_status_pages().assignments(&page.id);
    /// let change = assignments.replace_at_once(&[Target::all_devices()]).await?;
    /// assert_eq!(change.added.len(), 1);
    /// # Ok(()) });
    /// ```
    ///
    /// The list is read immediately before and after the request. Assignments that the first read found and the request
    /// removed are in [`AssignmentChange::overwritten`]; one that others make between that read and the request is
    /// overwritten without being reported. [`replace`](Self::replace) overwrites nothing.
    ///
    /// # Errors
    /// Same as [`Call`]. If only the last read fails, the list has been replaced.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All` for pages, `DeviceManagementConfiguration.ReadWrite.All` for domain join
    /// profiles; `DeviceManagementServiceConfig.Read.All` and `DeviceManagementConfiguration.Read.All` to read.
    /// # API
    /// `beta`. [assign for pages](https://learn.microsoft.com/en-us/graph/api/intune-onboarding-deviceenrollmentconfiguration-assign?view=graph-rest-beta),
    /// [assign for domain join profiles](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfiguration-assign?view=graph-rest-beta)
    #[inline]
    pub fn replace_at_once(&self, targets: &[Target]) -> Sequence<AssignmentChange> {
        let (client, object, targets) = (self.client.clone(), self.object.clone(), distinct(targets));
        let bodies: Vec<_> = targets.iter().map(|target| TargetBody { target }).collect();
        let operation = Operation::new(self.assign_info(), &[object.as_str()], nothing)
            .with_json(&BTreeMap::from([(T::LIST, bodies)]));
        Sequence::new(async move {
            let assignments = Assignments::new(&client, &object);
            let before = assignments.list().all().await?;
            client.call(operation).await?;
            let after = assignments.list().all().await?;
            let was = |target: &Target| before.iter().any(|assignment| reaches(assignment, target));
            let mut change = AssignmentChange::default();
            (change.kept, change.added) = targets.iter().cloned().partition(was);
            change.not_ours = after
                .into_iter()
                .filter(|found| !targets.iter().any(|target| reaches(found, target)))
                .collect();
            let stays = |target: &Target| {
                targets.iter().any(|wanted| wanted.same_as(target))
                    || change.not_ours.iter().any(|assignment| reaches(assignment, target))
            };
            change.removed =
                before.into_iter().filter_map(|found| found.target).filter(|target| !stays(target)).collect();
            change.overwritten = change.removed.clone();
            Ok(change)
        })
    }

    #[inline]
    fn assign_info(&self) -> &'static OperationInfo {
        match T::COLLECTION {
            Collection::Pages => &catalog::ENROLLMENT_CONFIGURATIONS_ASSIGN,
            Collection::Profiles | Collection::DomainJoins => &catalog::DEVICE_CONFIGURATIONS_ASSIGN,
        }
    }
}

impl<T> fmt::Debug for Assignments<'_, T> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assignments").field("object", &self.object).finish_non_exhaustive()
    }
}

/// Returns `true` if an assignment has this target.
#[inline]
fn reaches(assignment: &Assignment, target: &Target) -> bool {
    assignment.target.as_ref().is_some_and(|found| found.same_as(target))
}

/// Returns the targets without repetitions.
#[inline]
fn distinct(targets: &[Target]) -> Vec<Target> {
    let mut distinct: Vec<Target> = Vec::new();
    for target in targets {
        if !distinct.iter().any(|known| known.same_as(target)) {
            distinct.push(target.clone());
        }
    }
    distinct
}

/// Adds the body of one assignment. Only `beta` has filter properties.
#[inline]
fn for_target<A>(operation: Operation<A>, target: &Target) -> Operation<A> {
    let operation = operation.with_json(&TargetBody { target });
    if target.filter.is_some() { operation.only_in(&[ApiVersion::Beta]) } else { operation }
}

/// The body of one assignment.
#[derive(Serialize)]
struct TargetBody<'a> {
    target: &'a Target,
}
