"""`%export`: the way out of the notebook, and back."""

from __future__ import annotations

import json

from ..conftest import PUBLIC_GATEWAY

AUTH = """%%worker auth --secret TOKEN=s3cret-value --var-json 'PORTS=[80, {"a": "b c"}]' \
--ratelimit 'LIMIT{"limit": 10, "period": 60}' --cron '*/5 * * * *' --kv CACHE=cache
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("data")
"""


async def test_projects_are_written(shell, tmp_path):
    folder = tmp_path / "my projects"
    await shell.ok(AUTH, PUBLIC_GATEWAY)
    said = (await shell.ok(f"%export '{folder}'")).text
    assert f"{folder}: auth, gateway, " in said
    source = (folder / "auth/src/entry.py").read_text()
    assert source == AUTH.partition("\n")[2]
    assert "s3cret-value" not in "".join(
        path.read_text() for path in folder.rglob("*") if path.is_file()
    )
    await shell.ok(f"%export '{folder}' --dev-vars")
    assert (folder / "auth/.dev.vars").read_text() == "TOKEN='s3cret-value'\n"
    (folder / "README.md").write_text("mine")
    assert "were changed, or are no export's: README.md" in await shell.refused(
        f"%export '{folder}'"
    )


async def test_the_check_is_a_table(shell):
    await shell.ok("%%worker gateway -b AUTH=auth\nX = 1\n")
    shown = await shell.ok("%export --check")
    assert "AUTH leads to auth, which no Worker here is." in shown.text
    assert "Order of deployment: gateway\n" in shown.text


async def test_refusals(shell):
    assert "There are no Workers to export" in await shell.refused("%export x")
    assert "%export takes a folder: %export my-system" in await shell.refused("%export")


async def test_projects_are_imported_and_made_cells(shell, tmp_path):
    await shell.ok(AUTH, f"%export {tmp_path / 'out'} --dev-vars", "%remove auth")
    said = (await shell.ok(f"%import-workers {tmp_path / 'out'}")).text
    assert "auth v" in said
    assert "data" in (await shell.ok("print(await (await auth.fetch()).text())")).text
    assert "s3cret-value" not in said
    cells = tmp_path / "cells.ipynb"
    await shell.ok(f"%import-workers {tmp_path / 'out'} --cells {cells}")
    _, cell = json.loads(cells.read_text())["cells"]
    assert "s3cret-value" not in "".join(cell["source"])
    assert "".join(cell["source"][1:]) == AUTH.partition("\n")[2]
    (tmp_path / ".dev.vars").write_text("TOKEN=s3cret-value\n")
    await shell.ok("%remove auth", f"%import-workers {cells}")
    assert "data" in (await shell.ok("print(await (await auth.fetch()).text())")).text
    refusal = await shell.refused(f"%import-workers {tmp_path / 'out'} --cells {cells}")
    assert "cells.ipynb is there already, and is not overwritten." in refusal
