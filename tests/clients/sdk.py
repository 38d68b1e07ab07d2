"""The ten steps by Microsoft's SDK for Python, to a device that is ready to be switched on.

Types of v1.0 where it has them; what only beta has goes through the same adapter as it stands.
"""

import asyncio
import json

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphServiceClient
from msgraph.generated.device_management.windows_autopilot_device_identities.item.assign_user_to_device.assign_user_to_device_post_request_body import (
    AssignUserToDevicePostRequestBody,
)
from msgraph.generated.models.group import Group
from msgraph.generated.models.imported_windows_autopilot_device_identity import ImportedWindowsAutopilotDeviceIdentity
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from people import DOMAIN, RULE, SERIAL, USER, control, sign_in

BETA = "https://graph.microsoft.com/beta"
GROUP_TARGET = "#microsoft.graph.groupAssignmentTarget"


async def deploy(client):
    """Does the steps in their order."""

    async def beta(method, path, body=None):
        info = RequestInformation()
        info.http_method, info.url = method, BETA + path
        info.headers.try_add("Accept", "application/json")
        if body is not None:
            info.set_stream_content(json.dumps(body).encode(), "application/json")
        answer = await client.request_adapter.send_primitive_async(info, "bytes", {"XXX": ODataError})
        return json.loads(answer) if answer else None

    # 1: automatic enrollment.
    policy = "/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000"
    await beta(Method.PATCH, policy, {"appliesTo": "all"})
    # 2 and 3: the connector, which has its rights in the organizational unit.
    connectors = await beta(Method.GET, "/deviceManagement/domainJoinConnectors")
    assert [of["state"] for of in connectors["value"]] == ["active"], connectors
    # 4: registration.
    imports = client.device_management.imported_windows_autopilot_device_identities
    sent = ImportedWindowsAutopilotDeviceIdentity(serial_number=SERIAL, group_tag="Berlin", hardware_identifier=b"hardwareIdentifier")
    imported = await imports.post(sent)
    control("/clock", {"advanceSeconds": 600})
    imported = await imports.by_imported_windows_autopilot_device_identity_id(imported.id).get()
    assert imported.state.device_import_status == "complete", imported.state
    await imports.by_imported_windows_autopilot_device_identity_id(imported.id).delete()
    await beta(Method.POST, "/deviceManagement/windowsAutopilotSettings/sync")
    control("/clock", {"advanceSeconds": 600})
    devices = client.device_management.windows_autopilot_device_identities
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
    target = {"target": {"@odata.type": GROUP_TARGET, "groupId": group.id}}
    # 6: the status page. 7: the profile. 8: the domain join.
    page = {"showInstallationProgress": True, "installProgressTimeoutInMinutes": 90}
    join = {"activeDirectoryDomainName": DOMAIN, "computerNameStaticPrefix": "HYB-", "computerNameSuffixRandomCharCount": 8}
    for path, kind, settings in [
        ("deviceEnrollmentConfigurations", "windows10EnrollmentCompletionPageConfiguration", page),
        ("windowsAutopilotDeploymentProfiles", "activeDirectoryWindowsAutopilotDeploymentProfile", {"locale": "os-default"}),
        ("deviceConfigurations", "windowsDomainJoinConfiguration", join),
    ]:
        body = {"@odata.type": f"#microsoft.graph.{kind}", "displayName": "Hybrid join", **settings}
        made = await beta(Method.POST, f"/deviceManagement/{path}", body)
        await beta(Method.POST, f"/deviceManagement/{path}/{made['id']}/assignments", target)
    control("/clock", {"advanceSeconds": 1200})
    shown = await beta(Method.GET, f"/deviceManagement/windowsAutopilotDeviceIdentities/{device.id}?$expand=deploymentProfile")
    assert shown["deploymentProfile"]["displayName"] == "Hybrid join", shown
    # 9: a user, who is taken back: a device of a hybrid join asks whoever switches it on.
    one = devices.by_windows_autopilot_device_identity_id(device.id)
    await one.assign_user_to_device.post(AssignUserToDevicePostRequestBody(user_principal_name=USER, addressable_user_name="Adele"))
    await one.unassign_user_from_device.post()
    # 10: somebody switches the device on.
    control(f"/devices/{SERIAL}/powerOn", {"userPrincipalName": USER})
    control("/clock", {"advanceSeconds": 7200})
    # Two hours have passed in the tenant, and none here: the token is expired, which the SDK cannot know.
    client = sign_in(GraphServiceClient)
    managed = (await client.device_management.managed_devices.get()).value[0]
    assert managed.serial_number == SERIAL and managed.device_name.startswith("HYB-"), managed
    events = await beta(Method.GET, "/deviceManagement/autopilotEvents")
    print(events["value"][0]["deploymentState"])


asyncio.run(deploy(sign_in(GraphServiceClient)))
