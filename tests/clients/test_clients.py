"""Programs of other languages against the served tenant. `.ci/clients` installs what they need and runs them."""

import ast
import json
import pathlib
import shlex
import shutil
import sys
import textwrap

from served import APP, SECRET, Case, manual

TOKEN = "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"


class Manual(Case):
    """What the manual shows, as it stands there."""

    def options(self):
        """Returns the options after `--` of the command that starts the tenant."""
        return shlex.split(manual("text", "autopilot-sim --").split(" -- ")[1])

    def test_the_script_deploys_a_device_in_fifteen_lines(self):
        script = manual("python")
        self.assertLessEqual(len(script.splitlines()), 15)
        served = self.serve(*self.options(), "--strict-tokens")
        self.assertEqual(served.run(sys.executable, "-c", script).split(), ["finished", "success"])
        device = served.control("GET", "/devices/PF3XK7M1")["deployment"]
        self.assertEqual((device["phase"], device["cause"]), ("finished", None))
        self.assertRegex(device["computerName"], "^HYB-")

    def test_the_command_through_the_proxy(self):
        served = self.serve(*self.options(), "--proxy")
        answer = json.loads(served.run("bash", "-c", manual("text", "HTTPS_PROXY").replace("curl -H", "curl -sSf -H")))
        self.assertTrue(answer["@odata.context"].startswith("https://graph.microsoft.com/v1.0/$metadata#users"))


class Recipes(Case):
    """The recipes that the program prints, as they are printed."""

    def test_each_recipe_reads_the_tenant(self):
        for options in ([], ["--tls", "certificates"], ["--tls", "certificates", "--proxy"]):
            with self.subTest(options=options):
                served = self.serve("--port", "0", *options)
                for name in ["curl", "Python", "JavaScript", "PowerShell"]:
                    self.assertLessEqual(len(served.recipe(name).splitlines()), 5, name)
                devices = json.loads(served.run("bash", "-c", served.recipe("curl").replace("curl", "curl -sSf", 1)))
                self.assertEqual(devices["value"], [])
                groups = ast.literal_eval(served.run(sys.executable, "-c", served.recipe("Python")))
                self.assertTrue(groups["@odata.context"].startswith(f"{served.url}/v1.0/$metadata#groups"))
                if shutil.which("node"):
                    shown = served.run("node", "--input-type=module", "-e", served.recipe("JavaScript"))
                    self.assertIn(f"{served.plain}/v1.0/$metadata#groups", shown)
                if shutil.which("pwsh"):
                    served.run("pwsh", "-NoProfile", "-Command", served.recipe("PowerShell"))
                self.assertTrue(all(status == 200 for _, _, status in served.requests()), served.requests())


class Proxy(Case):
    """Programs that know nothing of the simulation: the proxy and the authority are all that they are given."""

    def setUp(self):
        self.served = self.serve("--port", "0", "--tls", "certificates", "--proxy", "--strict-tokens")
        self.served.control("POST", "/seed", {"version": 1, "devices": [{"serialNumber": "SN-1"}]})

    def settings(self, bundle):
        return {"HTTPS_PROXY": f"http://{self.served.address}", bundle: self.served.authority}

    def test_curl(self):
        for cloud in [("login.microsoftonline.com", "graph.microsoft.com"), ("login.microsoftonline.us", "graph.microsoft.us")]:
            for bundle in ["CURL_CA_BUNDLE", "SSL_CERT_FILE"]:
                settings = self.settings(bundle)
                login = f"https://{cloud[0]}/{self.served.tenant}/oauth2/v2.0/token"
                form = f"{TOKEN}&client_id={APP}&client_secret={SECRET}"
                token = json.loads(self.served.run("curl", "-sSf", "-d", form, login, settings=settings))["access_token"]
                devices = f"https://{cloud[1]}/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
                bearer = f"Authorization: Bearer {token}"
                found = json.loads(self.served.run("curl", "-sSf", "-H", bearer, devices, settings=settings))
                self.assertEqual([of["serialNumber"] for of in found["value"]], ["SN-1"])

    def test_curl_reaches_no_other_host(self):
        # 56: the proxy refused the tunnel. 22: the answer is an error. 60: the authority is not known.
        for option, url, code in [("-sS", "https://example.com/", 56), ("-sS", "https://127.0.0.1:22/", 56),
                                  ("-sS", "https://graph.microsoft.com:80/", 56), ("-sSf", "https://graph.microsoft.com/_sim", 22),
                                  ("-sSf", "https://login.microsoftonline.com/_sim/snapshot", 22)]:
            self.served.run("curl", option, "--noproxy", "", url, settings=self.settings("CURL_CA_BUNDLE"), code=code)
        self.served.run("curl", "-sSf", "https://graph.microsoft.com/v1.0/users", code=60,
                        settings={"HTTPS_PROXY": f"http://{self.served.address}"})

    def test_requests_and_msal(self):
        script = textwrap.dedent(f"""
            import msal, requests
            app = msal.ConfidentialClientApplication("{APP}", "{SECRET}", authority="https://login.microsoftonline.com/{self.served.tenant}")
            token = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
            headers = {{"Authorization": "Bearer " + token["access_token"]}}
            url = "https://graph.microsoft.com/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$top=1"
            print([of["serialNumber"] for of in requests.get(url, headers=headers).json()["value"]])
        """)
        self.assertEqual(self.served.run(sys.executable, "-c", script, settings=self.settings("REQUESTS_CA_BUNDLE")), "['SN-1']\n")

    def test_node(self):
        if not shutil.which("node"):
            self.skipTest("there is no node")
        # fetch of Node.js takes HTTPS_PROXY since version 24; http.request through CONNECT is in all of them.
        script = """
            import { request } from 'node:http'
            import { get } from 'node:https'
            const proxy = new URL(process.env.HTTPS_PROXY)
            const path = 'graph.microsoft.com:443'
            request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path }).on('connect', (_, socket) => {
                get('https://graph.microsoft.com/v1.0/users', { socket, agent: false }, answer => {
                    console.log(answer.statusCode, socket.destroyed)
                    answer.resume().on('end', () => process.exit())
                })
            }).end()
        """
        shown = self.served.run("node", "--input-type=module", "-e", script, settings=self.settings("NODE_EXTRA_CA_CERTS"))
        self.assertEqual(shown, "401 false\n")
