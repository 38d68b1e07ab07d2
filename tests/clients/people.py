"""The people at a simulated tenant: the control API, which is no part of Graph, and a sign-in by device code."""

import json
import os
import urllib.request

from azure.identity import DeviceCodeCredential

SERIAL, USER, DOMAIN = "PF3XK7M1", "adele@contoso.onmicrosoft.com", "corp.contoso.com"
RULE = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:Berlin"))'


def control(path, body):
    """Calls the control API."""
    request = urllib.request.Request(f"{os.environ['SIM']}/_sim{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def approve(_uri, code, _expires):
    """Approves the sign-in, as a person would on the page."""
    control(f"/signIns/{code}/approve", {})


def sign_in(client_type):
    """Signs in by device code, and returns a client."""
    credential = DeviceCodeCredential(client_id=os.environ["APP"], tenant_id=os.environ["TENANT"], prompt_callback=approve)
    return client_type(credential, scopes=["https://graph.microsoft.com/.default"])
