//! The restoration of the MDM user scope.

use super::plan::RemovalAction;
use crate::error::{ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Finding, MdmPolicy};
use crate::workflow::created::CreatedObjects;
use crate::workflow::findings::{TEARDOWN_SCOPE_CHANGED, TEARDOWN_SCOPE_NOT_READ};
use crate::workflow::scope::{MDM_USER_SCOPE, UserScope};

/// The restoration of the scope from before a deployment.
#[derive(Debug)]
pub(super) struct ScopeRestoration {
    pub(super) action: RemovalAction,
    /// The policy and its restored scope; `None` if nothing is written.
    pub(super) restored: Option<(MdmPolicy, UserScope)>,
}

impl ScopeRestoration {
    /// Plans the restoration; `None` if the deployment has not changed the scope.
    pub(super) async fn plan(created: &CreatedObjects, client: &Client) -> Result<Option<Self>> {
        let Some((before, after)) = created.scope() else { return Ok(None) };
        let only = |action| Ok(Some(Self { action, restored: None }));
        let policy = match client.mdm_policies().intune().await {
            Ok(policy) => policy,
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Authentication) => {
                let text = format!(
                    "only a signed-in user may read or set it: in the Entra admin center, set it back to {before}, \
                     if it still is what the deployment left: {after}"
                );
                return only(RemovalAction::Manual(text));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return only(RemovalAction::Gone),
            Err(error) => return Err(error),
        };
        let now = UserScope::of(&policy);
        if now == UserScope::Unknown {
            let evidence = "the service does not report whose devices enroll now";
            let finding = TEARDOWN_SCOPE_NOT_READ.at(MDM_USER_SCOPE, evidence);
            return only(RemovalAction::Blocked(finding));
        }
        if now.same_as(before) {
            return only(RemovalAction::Gone);
        }
        if !now.is_between(before, after) {
            return only(RemovalAction::Blocked(changed(before, after, &now)));
        }
        let mut gone = Vec::new();
        for (id, _) in before.groups().filter(|(id, _)| !now.has(id)) {
            if client.groups().get(id).if_found().await?.is_none() {
                gone.push(id.clone());
            }
        }
        let restored = before.retained(|id| !gone.contains(id));
        // Without a group nobody's devices would enroll, in the whole tenant: never by a teardown.
        if restored.to_wish().is_none() {
            let text = format!(
                "it remains {now}: {before} was in it before, and a teardown never leaves the whole tenant without \
                 automatic enrollment; set it in the Entra admin center (Mobility, Microsoft Intune) if nobody's devices may enroll"
            );
            return only(RemovalAction::Manual(text));
        }
        let action = RemovalAction::Restore { now, before: restored.clone() };
        Ok(Some(Self { action, restored: Some((policy, restored)) }))
    }
}

fn changed(before: &UserScope, after: &UserScope, now: &UserScope) -> Finding {
    let evidence =
        format!("the deployment left {after}, and the tenant has {now}; before the deployment: {before}");
    TEARDOWN_SCOPE_CHANGED.at(MDM_USER_SCOPE, evidence)
}
