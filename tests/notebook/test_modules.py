"""Workers of several modules in a notebook: `--module`, `--drop-module`, `--file`, `%diff`."""

from __future__ import annotations

import pytest

import workernb

from .conftest import cell

SHOP = """\
%%worker shop {options}
from workers import Response, WorkerEntrypoint
import prices

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str(prices.total()))
"""
PRICES = "%%worker shop --module prices.py {options}\n\ndef total():\n    return {total}\n"


def shop(options: str = "") -> str:
    return SHOP.format(options=options)


def prices(total: object = 1, options: str = "") -> str:
    return PRICES.format(total=total, options=options)


async def asked(shell, name="shop"):
    return (await shell.ok(f"await (await {name}.fetch()).text()")).result


async def test_a_module_waits_for_the_cell_of_its_worker(shell):
    outcome = await shell.ok(prices())
    assert outcome.stdout == (
        "prices.py waits for Worker 'shop': run the cell that starts with %%worker shop\n"
    )
    assert list(workernb.get_runtime()) == []
    assert (await shell.ok(shop())).stdout == "shop v1 · private · with prices.py\n"
    assert await asked(shell) == "1"


async def test_the_cell_of_the_worker_keeps_its_modules(shell):
    await shell.ok(prices(), shop(), prices(2), shop())
    assert await asked(shell) == "2"
    assert workernb.get_runtime()["shop"].version.number == 3


async def test_a_changed_module_is_a_new_version(shell):
    await shell.ok(prices(), shop())
    outcome = await shell.ok(prices(2))
    assert outcome.stdout == "shop v2 · prices.py (+1 −1 lines)\n"
    assert await asked(shell) == "2"
    reason = workernb.get_runtime().history[-1].reason
    assert reason.startswith("the cell In [")
    assert (await shell.ok(prices(2))).stdout == "shop v2 · nothing changed\n"
    assert (await shell.ok(prices(3, "-q"))).stdout == ""


async def test_without_its_module_a_worker_says_what_to_write(shell):
    outcome = await shell.run(shop())
    assert isinstance(outcome.error, ModuleNotFoundError)
    assert "File <worker shop v1>:3" in outcome.traceback
    assert "%%worker shop --module prices.py" in outcome.traceback
    assert "workernb/engines" not in outcome.traceback


async def test_two_cells_that_change_together(shell):
    await shell.ok(prices(), shop())
    renamed = prices(2).replace("total", "sum_up")
    outcome = await shell.ok(renamed)
    assert outcome.stdout == "shop v2 · prices.py (+2 −2 lines)\n"
    importing = shop().replace("import prices", "from prices import sum_up")
    await shell.ok(importing.replace("prices.total", "sum_up"))
    back = prices(3)
    outcome = await shell.run(back)
    assert isinstance(outcome.error, ImportError)
    assert "shop v3 still serves. prices.py will be loaded with the Worker's own cell" in (
        outcome.traceback
    )
    assert await asked(shell) == "2"
    assert (await shell.ok(shop())).stdout == "shop v4 · private · with prices.py\n"
    assert await asked(shell) == "3"


async def test_a_module_that_waits_is_loaded_with_what_it_was_missing(shell):
    await shell.ok(prices(), shop())
    outcome = await shell.run(prices("discount").replace("def", "from sales import discount\ndef"))
    assert isinstance(outcome.error, ModuleNotFoundError)
    assert await asked(shell) == "1"
    outcome = await shell.ok("%%worker shop --module sales.py\ndiscount = 9")
    assert outcome.stdout == (
        "shop v2 · prices.py (+2 −1 lines); module sales.py is new (2 lines)\n"
    )
    assert await asked(shell) == "9"


async def test_an_error_in_a_module_names_the_module_and_the_cells_line(shell):
    await shell.ok(prices(), shop())
    outcome = await shell.run(prices("1 / 0"))
    assert outcome.error is None
    outcome = await shell.run("await shop.fetch()")
    assert "File <worker shop v2: prices.py>:4" in outcome.traceback
    assert "return 1 / 0" in outcome.traceback
    outcome = await shell.run("%%worker shop --module prices.py\n\ndef total(:\n")
    assert 'File "<worker shop: prices.py>", line 3' in outcome.traceback
    assert "def total(:" in outcome.traceback
    assert workernb.get_runtime()["shop"].version.number == 2


async def test_a_module_is_dropped(shell):
    await shell.ok(prices(), "%%worker shop --module old.py -q\npass", shop())
    outcome = await shell.ok("%worker shop --drop-module old.py")
    assert outcome.stdout == "shop v2 · module old.py is removed (2 lines)\n"
    outcome = await shell.run("%worker shop --drop-module prices.py")
    assert isinstance(outcome.error, ModuleNotFoundError)
    assert await asked(shell) == "1"
    assert "Did you mean prices.py?" in await shell.refused("%worker shop --drop-module price.py")


async def test_a_waiting_module_is_dropped(shell):
    await shell.ok(prices())
    outcome = await shell.ok("%worker shop --drop-module prices.py")
    assert outcome.stdout == "prices.py waits no more for Worker 'shop'\n"
    outcome = await shell.run(shop())
    assert isinstance(outcome.error, ModuleNotFoundError)
    assert "There is no Worker 'shop'" in await shell.refused("%worker shop --drop-module x.py")


async def test_an_environment_has_modules_of_its_own(shell):
    await shell.ok(prices(), shop(), prices(2, "--env staging -q"), shop("--env staging -q"))
    assert (await asked(shell), await asked(shell, "shop_staging")) == ("1", "2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%worker shop --module ../prices.py\npass", "leaves the folder of the main module"),
        ("%%worker shop --module /prices.py\npass", "is absolute"),
        ("%%worker shop --module prices\npass", "write prices.py"),
        ("%%worker shop --module my-prices.py\npass", "is no name in Python"),
        ("%%worker shop --module workers.py\npass", "would hide the platform's module"),
        ("%%worker shop --module\npass", "expected one argument"),
        ("%%worker shop --module a.py --module-b\npass", "no option --module-b"),
        (
            "%%worker shop --module a.py --bind A=b\npass",
            "settings belong to the Worker's own cell",
        ),
        ("%%worker shop --module a.py --as b\npass", "settings belong to the Worker's own cell"),
        ("%%worker shop --module a.py --file b.py\npass", "are two things to do"),
        ("%%worker shop --file a.py\npass", "write %worker shop --file PATH"),
        ("%%worker shop --drop-module a.py\npass", "write %worker shop --drop-module PATH"),
        ("%worker shop", "starts with two signs, %%worker shop"),
        ("%worker shop --module a.py", "starts with two signs, %%worker shop"),
        ("%worker shop --file nowhere.py", "nowhere.py cannot be read: No such file"),
        ("%worker shop --file entry.ts", "entry.ts is TypeScript, which does not run here"),
        ("%%worker Shop --module a.py\npass", "lowercase with dashes only"),
    ],
)
async def test_what_is_refused_in_one_line(shell, tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    assert said in await shell.refused(text)
    assert list(workernb.get_runtime()) == []


async def test_a_module_that_collides_with_another_is_refused_and_forgotten(shell):
    await shell.ok(prices(), shop())
    text = await shell.refused("%%worker shop --module prices/__init__.py\npass")
    assert "prices.py and prices/__init__.py are both the module prices" in text
    await shell.ok(shop("-q"))


async def test_a_module_that_nothing_can_import_is_warned_of(shell):
    outcome = await shell.ok("%%worker shop --module json.py\nA = 1")
    assert outcome.stdout.startswith("Warning: nothing can import json.py")
    outcome = await shell.ok(cell("shop -q"))
    assert outcome.stdout.startswith("Warning: nothing can import json.py")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A Worker on disk, in the folder `src`."""
    monkeypatch.chdir(tmp_path)
    src = tmp_path / "src"
    (src / "lib").mkdir(parents=True)
    (src / "entry.py").write_text(SHOP.partition("\n")[2].replace("prices", "lib.prices"))
    (src / "lib" / "prices.py").write_text("def total():\n    import entry\n    return 5\n")
    return src


async def test_a_worker_from_files(shell, folder):
    outcome = await shell.ok("%worker shop --file src/entry.py --public --var A=b")
    assert outcome.stdout == ("shop v1 · public: shop.localhost/ · with lib/prices.py\n")
    assert await asked(shell) == "5"
    definition = workernb.get_runtime().services["shop"].definition
    assert (definition.main, dict(definition.vars)) == ("entry.py", {"A": "b"})
    assert workernb.get_runtime().history[-1].reason == "%worker shop --file src/entry.py"


async def test_lines_are_those_of_the_files(shell, folder):
    (folder / "lib" / "prices.py").write_text("\n\ndef total():\n    raise ValueError('x')\n")
    await shell.ok("%worker shop --file src/entry.py")
    outcome = await shell.run("await shop.fetch()")
    assert "File <worker shop v1>:6" in outcome.traceback
    assert "File <worker shop v1: lib/prices.py>:4" in outcome.traceback


async def test_a_file_that_changed_is_read_again(shell, folder):
    await shell.ok("%worker shop --file src/entry.py")
    (folder / "lib" / "prices.py").write_text("def total():\n    return 6\n")
    (folder / "more.py").write_text("")
    await shell.ok("%worker shop --file src/entry.py")
    assert await asked(shell) == "6"
    (folder / "lib" / "prices.py").write_text("1 / 0")
    outcome = await shell.run("%worker shop --file src/entry.py")
    assert isinstance(outcome.error, ZeroDivisionError)
    assert await asked(shell) == "6"


async def test_the_differences_of_two_versions_are_told_by_module(shell):
    await shell.ok(prices(), shop(), "%%worker shop --module new.py -q\nA = 1", prices(2))
    text = (await shell.ok("%diff shop v1 v3")).text
    assert "~ new.py is new\n@@ -0,0 +1,2 @@\n+\n+A = 1" in text
    assert "~ prices.py\n" in text
    assert "-    return 1\n+    return 2" in text


async def test_a_workers_page_and_the_history_have_its_modules(shell):
    await shell.ok(prices(), shop(), prices(2))
    assert "prices.py" in (await shell.ok("%workers shop")).text
    assert "prices.py (+1 −1 lines)" in (await shell.ok("%workers shop --history")).text


async def test_a_change_of_settings_keeps_modules(shell):
    await shell.ok(prices(), shop("-q"), "%var shop A=b")
    assert await asked(shell) == "1"
    outcome = await shell.ok(shop())
    assert 'The cell replaced A: "b" is removed' in outcome.stdout
    assert "prices" not in outcome.stdout.partition("The cell replaced")[2]


async def test_a_secret_is_redacted_where_a_module_fails(shell):
    await shell.ok(prices(), shop("-q --secret KEY=planted-secret"))
    body = "\ndef total():\n    return 1\nraise ValueError('planted-secret')\n"
    outcome = await shell.run(f"%%worker shop --module prices.py\n{body}")
    assert outcome.error is not None
    assert "planted-secret" not in outcome.everything
