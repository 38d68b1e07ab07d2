"""A served tenant for the tests of clients in other languages."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
APP, SECRET = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f", "simulated"

# The settings of a machine that lead programs elsewhere: each test has its own.
FOREIGN = re.compile(r"(?i)(_proxy|_ca_bundle|^ssl_cert_(file|dir)|^node_extra_ca_certs)$")


class Served:
    """`autopilot-sim`, in a folder of its own, until the test ends."""

    def __init__(self, test, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="autopilot-")
        test.addCleanup(self.folder.cleanup)
        # Into a file: a pipe that nobody reads would stop the program.
        path = pathlib.Path(self.folder.name, "output")
        with path.open("w") as output:
            self.program = subprocess.Popen(
                [os.environ["AUTOPILOT_SIM"], *options], cwd=self.folder.name, stdout=output, stderr=subprocess.STDOUT
            )
        test.addCleanup(self.program.wait)
        test.addCleanup(self.program.terminate)
        deadline = time.monotonic() + 30
        while not (found := re.search(r"served at (https?)://([\d.]+:\d+)", path.read_text())):
            if self.program.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"autopilot-sim does not serve: {path.read_text()}")
            time.sleep(0.01)
        self.plain = f"http://{found[2]}"
        self.url = f"{found[1]}://{found[2]}"
        self.address = found[2]
        # The recipes are printed at once, the last of them the longest.
        while "JavaScript:" not in (greeting := path.read_text()) or not greeting.endswith(".json())\n"):
            time.sleep(0.01)
        self.greeting = greeting
        self.tenant = re.search(r"^tenant (\S+)", greeting, re.MULTILINE)[1]
        self.authority = str(pathlib.Path(self.folder.name, "certificates", "ca.pem"))

    def control(self, method, path, body=None):
        """Calls the control API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(f"{self.plain}/_sim{path}", data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def requests(self):
        """Returns what the tenant was asked: method, path and status."""
        return [(of["method"], of["path"], of["status"]) for of in self.control("GET", "/requests")["value"]]

    def recipe(self, name):
        """Returns the printed recipe of a language."""
        lines = self.greeting.split(f"\n{name}", 1)[1].split("\n")[1:]
        recipe = []
        for line in lines:
            if not line.startswith("  "):
                break
            recipe.append(line[2:])
        return "\n".join(recipe)

    def run(self, *command, settings=None, code=0):
        """Runs a program in the folder, with no settings but these, and returns what it printed."""
        environment = {name: value for name, value in os.environ.items() if not FOREIGN.search(name)}
        done = subprocess.run(
            command, cwd=self.folder.name, env=environment | (settings or {}), capture_output=True, text=True, timeout=120
        )
        if done.returncode != code:
            raise AssertionError(f"{command[0]} ended with {done.returncode}, not {code}:\n{done.stdout}\n{done.stderr}")
        return done.stdout


def manual(language, containing=""):
    """Returns the one block of the manual in this language that contains a text."""
    text = (ROOT / "src/docs/served.md").read_text()
    blocks = [of for of in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if containing in of]
    if len(blocks) != 1:
        raise AssertionError(f"the manual has {len(blocks)} blocks in {language} with {containing!r}")
    return blocks[0]


class Case(unittest.TestCase):
    """A test on a served tenant."""

    def serve(self, *options):
        return Served(self, *options)
