"""JavaScript Workers in a notebook: `--js`, modules and files, errors, what is told."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("javascript")

SHOP = """\
%%worker shop --js {options}
import {{ total }} from "./prices.js";

export default {{
  async fetch(request, env) {{
    return new Response(String(total()));
  }},
}};
"""
PRICES = "%%worker shop --module prices.js {options}\nexport const total = () => {total};\n"


async def asked(shell, name="shop"):
    return (await shell.ok(f"await (await {name}.fetch()).text()")).result


async def test_a_cell_in_javascript(shell):
    outcome = await shell.ok(PRICES.format(options="", total=1))
    assert "prices.js waits for Worker 'shop'" in outcome.stdout
    outcome = await shell.ok(SHOP.format(options=""))
    assert outcome.stdout == "shop v1 · private · with prices.js\n"
    assert await asked(shell) == "1"
    outcome = await shell.ok(PRICES.format(options="", total=2))
    assert outcome.stdout == "shop v2 · prices.js (+1 −1 lines)\n"
    assert await asked(shell) == "2"


async def test_a_syntax_error_points_at_the_line_of_the_cell(shell):
    outcome = await shell.run("%%worker auth --js\nexport default {\n  fetch() { let x = ; }\n};")
    assert 'File "<worker auth v1>", line 3' in outcome.traceback
    assert "    fetch() { let x = ; }\n                      ^" in outcome.traceback
    assert "workernb/engines" not in outcome.traceback
    outcome = await shell.run("%%worker auth --module a.js\nexport const = 1;")
    assert 'File "<worker auth: a.js>", line 2' in outcome.traceback


async def test_a_cell_that_looks_like_javascript_is_told_of_js(shell):
    outcome = await shell.run("%%worker auth\nexport default { async fetch() {} }")
    assert "%%worker auth --js" in outcome.traceback


async def test_what_is_not_python_is_not_checked_as_python(shell):
    outcome = await shell.ok('%%worker shop --module data.json\n{"open": true, "at": null}')
    assert "Warning" not in outcome.stdout
    outcome = await shell.run("%%worker odd --js\nglobalThis.settled = Response;")
    assert "Warning" not in outcome.stdout


async def test_an_exception_shows_the_line_of_the_cell(shell):
    await shell.ok("%%worker auth --js -q\nexport default {\n  fetch() { null.x }\n};")
    outcome = await shell.run("await auth.fetch()")
    assert "<worker auth v1>" in outcome.traceback
    assert "fetch() { null.x }" in outcome.traceback
    assert "TypeError: cannot read property 'x' of null" in outcome.traceback


async def test_a_worker_changes_its_language(shell):
    await shell.ok(PRICES.format(options="", total=1), SHOP.format(options="-q"))
    outcome = await shell.ok(
        "%%worker shop\nfrom workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        return Response('python')"
    )
    assert outcome.stdout == "shop v2 · private\n"
    assert await asked(shell) == "python"
    outcome = await shell.ok("%diff shop 1 2")
    assert "language: javascript → python" in outcome.text


async def test_sources_from_files(shell, tmp_path):
    (tmp_path / "src" / "lib").mkdir(parents=True)
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "src" / "index.js").write_text(
        'import { hi } from "./lib/hi.js"; export default { fetch: () => new Response(hi) };'
    )
    (tmp_path / "src" / "lib" / "hi.js").write_text('export const hi = "from a file";')
    outcome = await shell.ok(f"%worker shop --file {tmp_path}/src/index.js")
    assert outcome.stdout == "shop v1 · private · with lib/hi.js\n"
    assert await asked(shell) == "from a file"


async def test_a_worker_without_a_handler_is_told_what_to_write(shell):
    outcome = await shell.ok("%%worker shop --js\nexport const x = 1;")
    assert "without a handler: write export default { async fetch" in outcome.stdout


async def test_pictures_tables_and_magics_know_javascript(shell):
    await shell.ok(
        "%%worker auth --js -q\nexport default { fetch() { console.log('asked'); "
        "return new Response('x') } };",
        "%%worker gateway --js --bind AUTH=auth --public -q\n"
        "export default { fetch: (request, env) => env.AUTH.fetch(request) };",
        "%fetch gateway",
    )
    for magic in ("%graph", "%cpu", "%trace", "%workers", "%requests", "%logs"):
        outcome = await shell.ok(magic)
        assert "auth" in outcome.everything, magic
    assert "asked" in (await shell.ok("%logs")).everything
    await shell.ok("%unbind gateway AUTH", "%rollback gateway", "%fetch gateway")
    outcome = await shell.ok("gateway.version.number")
    assert outcome.result == 1
