"""The conformance table: short cases in JavaScript, and what npm's workerd answers to each.

A file in `cases/` is a subject. Each of its cases begins with a line `//// name`; what follows is
the body of an async function whose value becomes JSON. `expected/` keeps what workerd gave, so that
the quick tests need no npm; `differences.py` lists where workernb differs, and why.

    scripts/test -m slow tests/engines/javascript      # run them in workerd again, and compare
    python -m tests.engines.javascript.conformance     # record what workerd gives
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
MARK = "//// "
COMPATIBILITY_DATE = "2026-01-01"


class Case(NamedTuple):
    """A case: the body of an async function."""

    subject: str
    name: str
    code: str

    @property
    def key(self) -> str:
        return f"{self.subject}: {self.name}"


def read_cases(folder: Path = FOLDER / "cases") -> list[Case]:
    """Return the cases of every subject, in order."""
    return [case for path in sorted(folder.glob("*.js")) for case in parse(path)]


def parse(path: Path) -> Iterator[Case]:
    """Return the cases of a file; ValueError when two of them have the same name."""
    seen: set[str] = set()
    for piece in ("\n" + path.read_text("utf-8")).split("\n" + MARK)[1:]:
        name, _, code = piece.partition("\n")
        if name in seen:
            raise ValueError(f"{path.name}: two cases are named {name!r}")
        seen.add(name)
        yield Case(path.stem, name.strip(), code.strip())


def as_module(cases: list[Case]) -> str:
    """Return the cases as a script's text: an object of functions by the cases' keys."""
    functions = ",\n".join(
        f"{json.dumps(case.key)}: async (inspect, format) => {{\n{case.code}\n}}" for case in cases
    )
    return f"({{\n{functions}\n}})"


RUN = """
async (functions, only, inspect, format) => {
  const results = {};
  for (const key of only ?? Object.keys(functions)) {
    try {
      const value = await functions[key](inspect, format);
      results[key] = value === undefined ? null : JSON.parse(JSON.stringify(value) ?? 'null');
    } catch (error) {
      results[key] = {throws: error === null || typeof error !== 'object' ? String(error)
        : error.name + ': ' + error.message};
    }
  }
  return results;
}
"""
"""Runs all cases, and makes JSON of what each returns or throws."""


IN_WORKERS = frozenset({"websockets"})
"""The subjects whose cases need a Worker that runs: they are no web APIs of a bare context."""


def as_worker(cases: list[Case]) -> str:
    """Return the source of a Worker that answers with what each case gives, by its number."""
    return (
        f"const functions = {as_module(cases)};\n"
        f"const run = {RUN};\n"
        "const keys = Object.keys(functions);\n"
        "export default { async fetch(request) {\n"
        "  const key = keys[Number(new URL(request.url).pathname.slice(1))];\n"
        "  return Response.json((await run(functions, [key]))[key]);\n"
        "} };\n"
    )


def run_here(cases: list[Case]) -> dict[str, Any]:
    """Return what each case gives in the web APIs of workernb, by its key."""
    return {case.key: _run_here(case) for case in cases}


def _run_here(case: Case) -> Any:
    from tests.engines.javascript.bare import Bare

    bare = Bare()
    inspect = bare.web.get("inspect")
    bare.context.set("__inspect", inspect)
    bare.context.set("__format", bare.web.get("format"))
    prelude = "const inspect = __inspect, kept = __format, format = (...values) => kept(values);"
    clean = "delete globalThis.__inspect; delete globalThis.__format;"
    source = (
        f"(() => {{ {prelude} {clean} return ({RUN})({as_module([case])}, null, inspect, format)"
        ".then(JSON.stringify); })()"
    )
    try:
        return bare.settle(bare.context.eval(source, "case.js"))[case.key]
    except TimeoutError:
        return {"throws": "hung"}


CONFIG = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = (
    modules = [ (name = "main.js", esModule = embed "main.js") ],
    compatibilityDate = "%s",
    compatibilityFlags = ["nodejs_compat"],
  )) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
);
"""


def run_in_workerd(cases: list[Case], workerd: Path) -> dict[str, Any]:
    """Return what each case gives in workerd, by its key."""
    module = (
        "import { inspect, format } from 'node:util';\n"
        f"const functions = {as_module(cases)};\n"
        f"const run = {RUN};\n"
        "const keys = Object.keys(functions);\n"
        "export default { async fetch(request) {\n"
        "  const key = keys[Number(new URL(request.url).pathname.slice(1))];\n"
        "  return Response.json((await run(functions, [key], inspect, format))[key]);\n"
        "} };\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.js").write_text(module, "utf-8")
        Path(folder, "config.capnp").write_text(CONFIG % COMPATIBILITY_DATE)
        with _serving(workerd, folder) as url:
            return {case.key: _ask(f"{url}{number}") for number, case in enumerate(cases)}


def _ask(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        # A case that can never end: the platform cancels it.
        return {"throws": "hung"}


@contextmanager
def _serving(workerd: Path, folder: str) -> Iterator[str]:
    """Start workerd, and yield its address."""
    command = [str(workerd), "serve", "config.capnp", "--control-fd=1"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                message = json.loads(line)
                if message["event"] == "listen":
                    yield f"http://127.0.0.1:{message['port']}/"
                    break
            else:
                raise RuntimeError("workerd ended before it listened")
        finally:
            process.terminate()


def find_workerd() -> Path:
    """Return the workerd that the benchmarks install; benchmarks.javascript.Absent without npm."""
    from benchmarks.javascript import installed

    return installed() / "node_modules/.bin/workerd"


def read_expected(folder: Path = FOLDER / "expected") -> dict[str, Any]:
    """Return what workerd gave when the table was recorded, by the cases' keys."""
    return {
        f"{path.stem}: {name}": value
        for path in sorted(folder.glob("*.json"))
        for name, value in json.loads(path.read_text("utf-8")).items()
    }


def record(folder: Path = FOLDER / "expected") -> None:
    """Run all cases in workerd, and write what they give, a file a subject."""
    cases = read_cases()
    results = run_in_workerd(cases, find_workerd())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for subject in sorted({case.subject for case in cases}):
        values = {case.name: results[case.key] for case in cases if case.subject == subject}
        text = json.dumps(values, indent=1, ensure_ascii=True, sort_keys=True)
        (folder / f"{subject}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    record()
