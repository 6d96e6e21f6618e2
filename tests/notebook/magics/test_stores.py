"""`%stores`, `%d1`, and stores in cells, cards and pictures."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from IPython.core.completer import CompletionContext

import workernb
from workernb import BindingEditor
from workernb.notebook.completion import complete
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.tree import TracePicture

from ..conftest import cell

BODY = "await self.env.CACHE.put('key<b>', 'v'); await self.env.DB.prepare('SELECT 1').first(); " \
    "return Response(str(await self.env.CACHE.get('nope')))"  # fmt: skip
OPTIONS = "web -q --kv CACHE=cache --d1 DB=shop --r2 FILES=files"


@pytest.fixture
async def system(shell):
    defined = await shell.ok(cell(OPTIONS.replace(" -q", ""), BODY))
    assert "CACHE → KV namespace cache · DB → D1 database shop" in defined.stdout
    return shell


@pytest.fixture(autouse=True)
def _without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setattr("workernb.notebook.magics.stores.find_spec", lambda name: None)


def text(outcome):
    return outcome.displays[-1]["text/plain"]


async def test_a_card_lists_the_operations(system):
    outcome = await system.ok("%fetch web")
    shown = text(outcome)
    assert "web ▸ CACHE.put('key<b>') · 1 row · " in shown
    assert "web ▸ DB.first('SELECT 1') · 1 row · " in shown
    assert "web ▸ CACHE.get('nope') · 0 rows · " in shown
    assert "key&lt;b&gt;" in outcome.displays[-1]["text/html"]
    assert "key<b>" not in outcome.displays[-1]["text/html"]


async def test_pictures_show_the_operations(system):
    await system.ok("%fetch web")
    trace = workernb.get_runtime().traces[-1]
    assert "▸ CACHE.put('key<b>') · 1 row" in TracePicture(trace).text()
    cpu = CpuPicture(trace)
    assert "of its CPU in stores, 3 calls" in cpu.text()
    assert "3 calls" in cpu.svg()


async def test_the_graph_has_stores_as_nodes(system):
    await system.ok("%fetch web")
    await system.ok("%clock +1s")  # A key takes one write a second.
    await system.ok("%fetch web")
    picture = GraphPicture(workernb.get_runtime())
    assert "──CACHE──▶ KV namespace cache  4×" in picture.text()
    assert "──FILES──▶ R2 bucket files" in picture.text()
    svg = picture.svg()
    assert ">cache</text>" in svg
    assert ">KV namespace</text>" in svg
    assert "1 Worker and their bindings" in svg


async def test_tables_history_and_editor_have_them(system):
    assert "CACHE=cache, DB=shop, FILES=files" in text(await system.ok("%workers"))
    assert "KV namespace cache" in text(await system.ok("%workers web"))
    await system.ok(cell(OPTIONS.replace("CACHE=cache", "CACHE=other"), BODY))
    assert "CACHE: cache → other" in text(await system.ok("%diff web v1 v2"))
    editor = BindingEditor("web", workernb.get_runtime())
    shown = [row.children[0].value for row in editor._rows.children]
    assert "<b>CACHE</b> → KV namespace other" in shown
    editor.close()


async def test_a_rate_limit_is_an_option(shell):
    body = "return Response(str((await self.env.LIMIT.limit(key='a')).success))"
    line = """web --ratelimit 'LIMIT{"limit": 1, "period": 60}'"""
    await shell.ok(cell(line, body))
    assert (await shell.ok("await (await web.fetch()).text()")).result == "True"
    assert "LIMIT=1 in 60 s" in text(await shell.ok("%workers"))
    refused = await shell.refused(cell("web --ratelimit LIMIT", body))
    assert "write --ratelimit 'LIMIT{\"limit\": 10, \"period\": 60}', not 'LIMIT'" in refused


# %stores


async def test_stores_are_listed(system):
    assert "in memory until the kernel ends" in text(await system.ok("%stores"))
    await system.ok("%fetch web", "await workernb_.stores.r2('files').put('a', 'xyz')".replace(
        "workernb_", "__import__('workernb')"))  # fmt: skip
    shown = text(await system.ok("%stores"))
    assert "KV namespace  cache  1 key" in shown
    assert "R2 bucket     files  1 object  3 B" in shown
    assert "web.CACHE" in shown


async def test_one_store_is_shown_and_cleared(system):
    await system.ok("%fetch web", "from workernb import stores",
        "await stores.kv('cache').put('a/1', 'one', metadata=1, expirationTtl=60)",
        "await stores.kv('cache').put('b', '<s3cret-value>')")  # fmt: skip
    outcome = await system.ok("%stores kv cache")
    assert "a/1" in text(outcome)
    assert "expires in" in text(outcome)
    assert "<s3cret" not in outcome.displays[-1]["text/html"]
    shown = text(await system.ok("%stores kv cache --prefix a/"))
    assert "a/1" in shown
    assert "s3cret" not in shown
    assert (await system.ok("%stores kv cache --prefix a/ --clear")).stdout == (
        "KV namespace cache: 1 deleted.\n"
    )
    assert (await system.ok("await stores.kv('cache').get('b')")).result == "<s3cret-value>"
    await system.ok("%stores kv cache --clear")
    assert text(await system.ok("%stores kv cache")) == "KV namespace cache: empty"
    assert "nothing in the KV namespace 'other'" in await system.refused("%stores kv other")


async def test_secrets_are_redacted(shell):
    line = "web -q --kv CACHE=cache --secret KEY=s3cret-value"
    await shell.ok(cell(line, "await self.env.CACHE.put(self.env.KEY, self.env.KEY); "
        "return Response('x')"))  # fmt: skip
    fetched = await shell.ok("%fetch web")
    listed = await shell.ok("%stores kv cache")
    traced = await shell.ok("%trace")
    for outcome in (fetched, listed, traced):
        assert "s3cret-value" not in outcome.everything


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("%stores kv", "%stores takes KIND and NAME: %stores kv cache."),
        ("%stores --clear", "%stores --clear and --prefix are of one store"),
        (
            "%stores kw cache",
            "There is no kind of store 'kw'; there are kv, d1, r2, cache, queue, do.",
        ),
        ("%stores d1 shop --clear --prefix a", "A D1 database has no prefixes: clear all of it"),
        ("%stores --import /nowhere", "There is no state of Wrangler's in /nowhere"),
        (
            "%d1 nope SELECT 1",
            "There is no D1 database 'nope'. Bind one: %%worker NAME --d1 DB=nope",
        ),
        ("%d1 shup SELECT 1", "There is no D1 database 'shup'. Did you mean shop?"),
        ("%d1", "%d1 takes a database first: %d1 DB SELECT 1."),
        ("%d1 DB", "%d1 takes a statement: %d1 DB SELECT 1"),
        ("%d1 DB SELEC 1", 'D1_ERROR: near "SELEC": syntax error at offset 0: SQLITE_ERROR'),
        ("%d1 DB --migrate /nowhere", "There are no migrations, *.sql, in /nowhere."),
    ],
)
async def test_what_is_refused(system, line, error):
    assert error in await system.refused(line)


async def test_persist_says_where_and_is_found_again(system, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await system.ok("%fetch web")
    outcome = await system.ok("%stores --persist")
    assert f"The stores are kept in {tmp_path / '.workernb'}" in outcome.stdout
    assert f"Stores, in {tmp_path / '.workernb'}" in text(await system.ok("%stores"))
    workernb.get_runtime().close()
    again = workernb.Runtime(stores=".workernb")
    assert await again.stores.kv("cache").get("key<b>") == "v"
    refused = await system.refused("%stores --persist")
    assert "is in use by another kernel (process " in refused
    again.close()


async def test_export_and_import(system, tmp_path):
    await system.ok("%fetch web")
    outcome = await system.ok(f"%stores --export {tmp_path}")
    assert outcome.stdout == "Exported: KV namespace cache.\n"
    await system.ok("%stores kv cache --clear")
    assert (await system.ok(f"%stores --import {tmp_path}")).stdout == (
        "Imported: KV namespace cache.\n"
    )


# %d1


async def test_d1_runs_sql(system):
    script = "CREATE TABLE t (a, b);\nINSERT INTO t VALUES (1, '{x}'), (2, '<b>');"
    await system.ok(f"%%d1 DB\n{script}")
    outcome = await system.ok("%d1 shop SELECT * FROM t WHERE a = '2' OR b = '{x}' -- {x}")
    assert outcome.result == [{"a": 1, "b": "{x}"}]
    rows = (await system.ok("rows = %d1 DB SELECT * FROM t\nrows")).result
    assert [row.a for row in rows] == [1, 2]
    assert "shop · 2 rows · 2 read" in repr(rows)
    assert "&lt;b&gt;" in rows._repr_html_()
    shown = text(await system.ok("%stores d1 shop"))
    assert "t      2" in shown
    assert (await system.ok("%stores d1 shop --clear")).stdout == "D1 database shop: 1 deleted.\n"


async def test_d1_returns_a_frame_where_pandas_is(system, monkeypatch):
    frames = SimpleNamespace(DataFrame=lambda rows, columns: (columns, rows))
    monkeypatch.setitem(sys.modules, "pandas", frames)
    monkeypatch.setattr("workernb.notebook.magics.stores.find_spec", lambda name: frames)

    async def frame(sql):
        return (await system.ok(f"%d1 DB {sql}")).result

    assert await frame("SELECT 1 AS a, 'x' AS b") == (["a", "b"], [[1, "x"]])
    # Names that repeat, and columns without rows.
    assert await frame("SELECT 1 AS a, 2 AS a") == (["a", "a"], [[1, 2]])
    assert await frame("SELECT 1 AS a, 2 AS b WHERE false") == (["a", "b"], [])


async def test_without_pandas_the_table_has_every_column(system):
    twice = repr((await system.ok("%d1 DB SELECT 1 AS a, 2 AS a")).result)
    assert twice.splitlines()[-2:] == ["a  a", "1  2"]
    rows = (await system.ok("rows = %d1 DB SELECT 1 AS a, 2 AS a\nrows")).result
    assert rows == [{"a": 2}]
    empty = (await system.ok("%d1 DB SELECT 1 a, 2 b WHERE false")).result
    assert "no rows; columns a, b" in repr(empty)


async def test_a_bound_store_that_is_empty_is_shown_as_empty(system):
    for kind, name in (("kv", "cache"), ("d1", "shop"), ("r2", "files")):
        assert text(await system.ok(f"%stores {kind} {name}")).endswith(f"{name}: empty")
        assert "0 deleted" in (await system.ok(f"%stores {kind} {name} --clear")).stdout
    assert "Did you mean cache?" in await system.refused("%stores kv cach")


async def test_the_line_of_a_definition_says_where_data_lives(system, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    limit = """%%worker limited --kv A=a --ratelimit 'LIMIT{"limit": 10, "period": 60}'"""
    define = f"{limit}\nasync def on_fetch(request): pass"
    said = (await system.ok(define)).stdout
    assert "stores in memory" in said
    assert "LIMIT: 10 in 60 s" in said
    await system.ok("%stores --persist")
    assert "stores in .workernb" in (await system.ok(define)).stdout
    assert "stores in" not in (await system.ok("%%worker none\nprint(1)")).stdout


async def test_d1_migrates(system, tmp_path):
    (tmp_path / "0001_init.sql").write_text("CREATE TABLE t (a);")
    assert (await system.ok(f"%d1 DB --migrate {tmp_path}")).stdout == "shop: 0001_init.sql.\n"
    assert (await system.ok(f"%d1 DB --migrate {tmp_path}")).stdout == "shop: nothing is new.\n"


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


def test_an_interrupt_ends_a_query_of_a_worker_and_of_the_notebook(kernel):
    body = f"print('began', flush=True); await self.env.DB.prepare({ENDLESS!r}).all()"
    kernel.ok(cell("web -q --d1 DB=shop", body), "%limits --cpu-ms none --wall-ms none")
    running = kernel.send("await web.fetch()")
    kernel.wait_for("began")
    outcome, _ = kernel.interrupt(running)
    assert outcome.error == "CanceledError"
    begin = "print('began', flush=True)"
    running = kernel.send(f"{begin}; get_ipython().run_line_magic('d1', {f'DB {ENDLESS}'!r})")
    kernel.wait_for("began")
    outcome, _ = kernel.interrupt(running)
    # Python's own, if the interrupt comes after the print and before the query.
    assert outcome.error in ("CanceledError", "KeyboardInterrupt")
    assert "1" in kernel.ok("%d1 DB SELECT 1 AS one").text


async def test_a_store_is_bound_in_the_editor(system):
    editor = BindingEditor("web", workernb.get_runtime())
    (form,) = [form for form in editor._forms.children if form.label == "KV namespace"]
    form.load("CACHE", "cache")
    assert form.value.value == "cache"
    form.value.value = "other"
    form.button.click()
    bound = workernb.get_runtime()["web"].version.definition.bindings
    assert bound["kv_namespaces"] == {"CACHE": "other"}
    editor.close()


async def test_names_are_completed(system):
    await system.ok("%fetch web", "%%d1 DB\nCREATE TABLE t (a)")

    def offered(typed):
        context = CompletionContext(typed, typed, len(typed), 0, None)
        return [each.text for each in complete(context)["completions"]]

    assert offered("%stores k") == ["kv"]
    assert offered("%stores kv c") == ["cache"]
    assert offered("%stores --p") == ["--prefix", "--persist"]
    assert offered("%d1 s") == ["shop"]
    assert offered("%%worker new --kv") == ["--kv"]
