"""The ten steps by Microsoft's SDK for Python that has the types of beta, to a device that is ready to be switched on."""

import asyncio

from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.device_management.windows_autopilot_device_identities.item.assign_user_to_device.assign_user_to_device_post_request_body import (
    AssignUserToDevicePostRequestBody,
)
from msgraph_beta.generated.models.active_directory_windows_autopilot_deployment_profile import (
    ActiveDirectoryWindowsAutopilotDeploymentProfile,
)
from msgraph_beta.generated.models.device_configuration_assignment import DeviceConfigurationAssignment
from msgraph_beta.generated.models.enrollment_configuration_assignment import EnrollmentConfigurationAssignment
from msgraph_beta.generated.models.group import Group
from msgraph_beta.generated.models.group_assignment_target import GroupAssignmentTarget
from msgraph_beta.generated.models.imported_windows_autopilot_device_identity import ImportedWindowsAutopilotDeviceIdentity
from msgraph_beta.generated.models.mobile_device_management_policy import MobileDeviceManagementPolicy
from msgraph_beta.generated.models.policy_scope import PolicyScope
from msgraph_beta.generated.models.windows10_enrollment_completion_page_configuration import (
    Windows10EnrollmentCompletionPageConfiguration,
)
from msgraph_beta.generated.models.windows_autopilot_deployment_profile_assignment import (
    WindowsAutopilotDeploymentProfileAssignment,
)
from msgraph_beta.generated.models.windows_domain_join_configuration import WindowsDomainJoinConfiguration
from people import DOMAIN, RULE, SERIAL, USER, control, sign_in

INTUNE = "0000000a-0000-0000-c000-000000000000"


async def deploy(client):
    """Does the steps in their order."""
    intune = client.device_management
    # 1: automatic enrollment.
    policy = client.policies.mobile_device_management_policies.by_mobile_device_management_policy_id(INTUNE)
    await policy.patch(MobileDeviceManagementPolicy(applies_to=PolicyScope.All))
    # 2 and 3: the connector, which has its rights in the organizational unit.
    connectors = (await intune.domain_join_connectors.get()).value
    assert [of.state.value for of in connectors] == ["active"], connectors
    # 4: registration.
    imports = intune.imported_windows_autopilot_device_identities
    sent = ImportedWindowsAutopilotDeviceIdentity(serial_number=SERIAL, group_tag="Berlin", hardware_identifier=b"hardwareIdentifier")
    one = imports.by_imported_windows_autopilot_device_identity_id((await imports.post(sent)).id)
    control("/clock", {"advanceSeconds": 600})
    state = (await one.get()).state
    assert state.device_import_status.value == "complete", state
    await one.delete()
    await intune.windows_autopilot_settings.sync.post()
    control("/clock", {"advanceSeconds": 600})
    devices = intune.windows_autopilot_device_identities
    device = (await devices.get()).value[0]
    assert (device.serial_number, device.group_tag) == (SERIAL, "Berlin"), device
    # 5: the group.
    group = await client.groups.post(
        Group(
            display_name="Autopilot Berlin", mail_enabled=False, mail_nickname="autopilot-berlin", security_enabled=True,
            group_types=["DynamicMembership"], membership_rule=RULE, membership_rule_processing_state="On",
        )
    )
    control("/clock", {"advanceSeconds": 600})
    members = await client.groups.by_group_id(group.id).members.graph_device.get()
    assert [of.display_name for of in members.value] == [SERIAL], members
    target = GroupAssignmentTarget(group_id=group.id)
    # 6: the status page.
    pages = intune.device_enrollment_configurations
    page = await pages.post(
        Windows10EnrollmentCompletionPageConfiguration(
            display_name="Hybrid join", show_installation_progress=True, install_progress_timeout_in_minutes=90
        )
    )
    assignments = pages.by_device_enrollment_configuration_id(page.id).assignments
    await assignments.post(EnrollmentConfigurationAssignment(target=target))
    # 7: the profile.
    profiles = intune.windows_autopilot_deployment_profiles
    profile = await profiles.post(ActiveDirectoryWindowsAutopilotDeploymentProfile(display_name="Hybrid join", locale="os-default"))
    assignments = profiles.by_windows_autopilot_deployment_profile_id(profile.id).assignments
    await assignments.post(WindowsAutopilotDeploymentProfileAssignment(target=target))
    # 8: the domain join.
    configurations = intune.device_configurations
    join = await configurations.post(
        WindowsDomainJoinConfiguration(
            display_name="Hybrid join", active_directory_domain_name=DOMAIN,
            computer_name_static_prefix="HYB-", computer_name_suffix_random_char_count=8,
        )
    )
    assignments = configurations.by_device_configuration_id(join.id).assignments
    await assignments.post(DeviceConfigurationAssignment(target=target))
    control("/clock", {"advanceSeconds": 1200})
    registered = devices.by_windows_autopilot_device_identity_id(device.id)
    assigned = await registered.deployment_profile.get()
    assert assigned.display_name == "Hybrid join", assigned
    # 9: a user, who is taken back: a device of a hybrid join asks whoever switches it on.
    await registered.assign_user_to_device.post(AssignUserToDevicePostRequestBody(user_principal_name=USER, addressable_user_name="Adele"))
    await registered.unassign_user_from_device.post()
    # 10: somebody switches the device on.
    control(f"/devices/{SERIAL}/powerOn", {"userPrincipalName": USER})
    control("/clock", {"advanceSeconds": 7200})
    # Two hours have passed in the tenant, and none here: the token is expired, which the SDK cannot know.
    client = sign_in(GraphServiceClient)
    managed = (await client.device_management.managed_devices.get()).value[0]
    assert managed.serial_number == SERIAL and managed.device_name.startswith("HYB-"), managed
    events = (await client.device_management.autopilot_events.get()).value
    print(events[0].deployment_state.value)


asyncio.run(deploy(sign_in(GraphServiceClient)))
