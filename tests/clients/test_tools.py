"""SDKs and tools, unmodified, through the proxy."""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import urllib.request

from served import APP, ROOT, SECRET, Case

HERE = pathlib.Path(__file__).parent
COVERAGE, CLIENTS = ROOT / "src/docs/coverage.md", ROOT / "src/docs/clients.md"
DEVICE = "PF3XK7M1"
SEED = {
    "version": 1,
    "users": [{"userPrincipalName": "adele@contoso.onmicrosoft.com"}],
    "connectors": [{"displayName": "ODJ-01", "domain": "corp.contoso.com"}],
}


# The operations that each client has called with success.
CALLED = {}


def record(client, served):
    """Notes the operations that a client has called since the requests were cleared, by the page of the manual that lists all."""
    rows = re.findall(r"^\| (\w+) \| `(/\S*)` \|", COVERAGE.read_text(), re.MULTILINE)
    by_words = sorted(rows, key=lambda row: row[1].count("{"))
    called = CALLED.setdefault(client, set())
    for method, path, status in served.requests():
        below = "/" + path.strip("/").partition("/")[2].lstrip("/").replace("/graph.", "/microsoft.graph.")
        fits = lambda row: row[0] == method and re.fullmatch(re.sub(r"\\\{.*?\}", "[^/]+", re.escape(row[1])), below, re.IGNORECASE)
        if status < 400 and (found := next(filter(fits, by_words), None)):
            called.add(found)


def tearDownModule():
    """Compares the page of the manual with this run, or makes it anew with UPDATE_DOCS=1."""
    clients = ["Python SDK", "JavaScript client", "IntuneCD"]
    if not all(name in CALLED for name in clients):
        return
    rows = sorted(set().union(*CALLED.values()), key=lambda row: (row[1], row[0]))
    mark = lambda row: " | ".join("yes" if row in CALLED[name] else "" for name in clients)
    lines = [f"| {row[0]} | `{row[1]}` | {mark(row)} |" for row in rows]
    head = [f"| method | path | {' | '.join(clients)} |", "| --- " * (2 + len(clients)) + "|"]
    page = CLIENTS.read_text().split("\n| method |")[0] + "\n" + "\n".join([*head, *lines]) + "\n"
    if os.environ.get("UPDATE_DOCS"):
        CLIENTS.write_text(page)
    if CLIENTS.read_text() != page:
        raise AssertionError(f"run this test with UPDATE_DOCS=1 to rewrite {CLIENTS}")


class Tool(Case):
    def start(self, seed=None, *options):
        """Starts a tenant, and returns it with the settings of a program that goes through its proxy."""
        served = self.serve(*(options or ("--port", "0", "--tls", "certificates", "--proxy", "--strict-tokens")))
        if seed:
            served.control("POST", "/seed", seed)
        bundles = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]
        settings = {"HTTPS_PROXY": f"http://{served.address}"} | {name: served.authority for name in bundles}
        names = {"SIM": served.plain, "APP": APP, "SECRET": SECRET, "TENANT": served.tenant}
        return served, settings | names


class Sdk(Tool):
    """The SDKs of Microsoft."""

    def deploy(self, module, script):
        """Deploys a device by a script on an SDK, if that is installed, and returns the tenant."""
        if not importlib.util.find_spec(module):
            self.skipTest(f"{module} is not installed")
        served, settings = self.start(SEED)
        self.assertEqual(served.run(sys.executable, str(HERE / script), settings=settings), "success\n")
        deployment = served.control("GET", f"/devices/{DEVICE}")["deployment"]
        self.assertEqual((deployment["phase"], deployment["cause"]), ("finished", None))
        return served

    def test_the_ten_steps_by_the_python_sdk(self):
        record("Python SDK", self.deploy("msgraph", "sdk.py"))

    def test_the_ten_steps_by_the_python_sdk_of_beta(self):
        self.deploy("msgraph_beta", "sdk_beta.py")

    def test_the_javascript_client(self):
        modules = os.environ.get("NODE_MODULES")
        if not modules or not shutil.which("node"):
            self.skipTest("npm has not installed the packages")
        served, settings = self.start(SEED)
        shown = served.run("node", str(pathlib.Path(modules).parent / "client.mjs"), settings=settings)
        self.assertEqual(json.loads(shown), {"group": "Autopilot", "count": 1, "refused": 404})
        record("JavaScript client", served)


def call(served, method, path, body=None):
    """Calls Graph as an administrator of the tenant, past the proxy."""
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{served.plain}/beta{path}", data, headers, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


# The parts of a tenant that take part; IntuneCD can leave out all others.
PARTS = {"Profiles", "WindowsEnrollmentProfile", "EnrollmentStatusPage", "Filters"}
GROUP = "Autopilot devices"


class Backup(Tool):
    """IntuneCD: a backup, its restore into an empty tenant, and no drift afterwards."""

    def start(self, seed=None):
        served, settings = super().start(seed, "--port", "0", "--tls", "certificates", "--proxy")
        # IntuneCD demands 200 where the documentation has 204.
        served.control("PATCH", "/quirks", {"assignAnswersEmptyObject": True, "deletionAnswersOk": True})
        return served, settings

    def intunecd(self, tenant, module, folder, *options):
        """Runs a part of IntuneCD on a tenant, with all left out that is no part of this."""
        served, settings = tenant
        ask = f"from IntuneCD.{module} import get_parser as g; print(*next(of for of in g()._actions if of.dest == 'exclude').choices)"
        choices = served.run(sys.executable, "-c", ask, settings=settings).split()
        left_out = [name for name in choices if name not in PARTS | {"assignments"}]
        names = {"TENANT_NAME": served.tenant, "CLIENT_ID": APP, "CLIENT_SECRET": SECRET}
        command = f"from IntuneCD.{module} import start, get_parser; import sys; start(get_parser().parse_args(sys.argv[1:]))"
        arguments = ["-m", "1", "-p", folder, *options, "-e", *left_out]
        served.control("DELETE", "/requests")
        shown = served.run(sys.executable, "-c", command, *arguments, settings=settings | names)
        record("IntuneCD", served)
        return shown

    def test_a_backup_is_restored_into_an_empty_tenant_without_drift(self):
        if not importlib.util.find_spec("IntuneCD"):
            self.skipTest("IntuneCD is not installed")
        source = self.start(SEED)
        graph = lambda *arguments: call(source[0], *arguments)
        group = graph("POST", "/groups", {"displayName": GROUP, "mailEnabled": False, "mailNickname": "a", "securityEnabled": True})
        target = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group["id"]}}
        rule = {"displayName": "Laptops", "platform": "windows10AndLater", "rule": '(device.model -startsWith "Book")'}
        graph("POST", "/deviceManagement/assignmentFilters", rule)
        join = {"activeDirectoryDomainName": "corp.contoso.com", "computerNameStaticPrefix": "HYB-", "computerNameSuffixRandomCharCount": 8}
        for path, kind, settings in [
            ("windowsAutopilotDeploymentProfiles", "activeDirectoryWindowsAutopilotDeploymentProfile", {"locale": "de-DE"}),
            ("deviceEnrollmentConfigurations", "windows10EnrollmentCompletionPageConfiguration", {"showInstallationProgress": True}),
            ("deviceConfigurations", "windowsDomainJoinConfiguration", join),
        ]:
            body = {"@odata.type": f"#microsoft.graph.{kind}", "displayName": "Hybrid join", **settings}
            made = graph("POST", f"/deviceManagement/{path}", body)
            graph("POST", f"/deviceManagement/{path}/{made['id']}/assignments", target)
        folder = tempfile.TemporaryDirectory(prefix="backup-")
        self.addCleanup(folder.cleanup)
        self.intunecd(source, "run_backup", folder.name)
        restored = self.start(SEED)
        shown = self.intunecd(restored, "run_update", folder.name, "-u", "--create-groups")
        for path in ["windowsAutopilotDeploymentProfiles", "deviceEnrollmentConfigurations", "deviceConfigurations", "assignmentFilters"]:
            found = call(restored[0], "GET", f"/deviceManagement/{path}")["value"]
            names = [of["displayName"] for of in found]
            self.assertIn("Laptops" if path == "assignmentFilters" else "Hybrid join", names, f"{path}: {shown}")
            if path != "assignmentFilters":
                one = next(of for of in found if of["displayName"] == "Hybrid join")
                assigned = call(restored[0], "GET", f"/deviceManagement/{path}/{one['id']}/assignments")["value"]
                self.assertEqual(len(assigned), 1, f"{path}: {shown}")
        again = self.intunecd(restored, "run_update", folder.name, "-u", "-r")
        self.assertNotRegex(again, "Updating |not found, creating|Error|error", again)
        second = tempfile.TemporaryDirectory(prefix="backup-")
        self.addCleanup(second.cleanup)
        self.intunecd(restored, "run_backup", second.name)
        self.assertEqual(contents(folder.name), contents(second.name))


def contents(folder):
    """Returns the files of a backup, without what is each tenant's own."""
    # IntuneCD writes the app id as an empty text where it was null.
    own = {"id", "groupId", "groupName", "createdDateTime", "lastModifiedDateTime", "version", "sourceId", "managementServiceAppId"}

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(of) for name, of in value.items() if name not in own}
        return [plain(of) for of in value] if isinstance(value, list) else value

    files = sorted(pathlib.Path(folder).rglob("*.json"))
    return {str(path.relative_to(folder)): plain(json.loads(path.read_text())) for path in files}
