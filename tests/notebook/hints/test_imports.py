"""`import workers` in a plain cell."""

from __future__ import annotations

import sys

import workernb


async def test_a_plain_cell_imports_what_workers_import(shell):
    done = await shell.ok("from workers import Request, Response\nRequest('http://x/').url")
    assert done.result == "http://x/"
    assert "Response" in (await shell.ok("import workers\ndir(workers)")).result
    await shell.ok("from workers import *\nassert WorkerEntrypoint")


async def test_names_that_it_has_not_are_told_apart(shell):
    slip = await shell.run("from workers import Requset")
    assert "cannot import name 'Requset' from 'workers'" in slip.traceback
    assert "Did you mean Request" in slip.traceback
    assert "hints" not in slip.traceback
    missing = await shell.run("from workers import WorkflowEntrypoint")
    assert "not in workernb yet; the platform's Python Workers have it" in missing.traceback
    unknown = await shell.run("from workers import zzz")
    assert "The platform has none either; workers has " in unknown.traceback
    attribute = await shell.run("import workers\nworkers.Responce")
    assert "module 'workers' has no attribute 'Responce'" in attribute.traceback
    assert "Did you mean Response" in attribute.traceback


async def test_the_module_goes_when_the_extension_goes(shell):
    await shell.ok("import workers")
    workernb.unload_ipython_extension(shell.ip)
    try:
        assert "workers" not in sys.modules
        assert "No module named 'workers'" in (await shell.run("import workers")).traceback
    finally:
        workernb.load_ipython_extension(shell.ip)
    await shell.ok("import workers")


def test_an_installed_module_wins_and_a_line_says_so(tmp_path, kernel):
    (tmp_path / "workers.py").write_text("Request = 'installed'\n")
    kernel.ok("%unload_ext workernb", f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
    said = kernel.ok("%load_ext workernb").stdout
    assert said.startswith("Note: there is another module 'workers'")
    assert said.count("\n") == 1
    assert kernel.ok("from workers import Request\nRequest").result == "'installed'"
    kernel.ok("%%worker w -q\nfrom workers import Request\nassert Request != 'installed'")


def test_in_a_kernel(kernel):
    assert kernel.ok("from workers import Request\nRequest('http://x/').method.value").result
