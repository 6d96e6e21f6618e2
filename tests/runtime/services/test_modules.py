"""The paths of modules, what a definition does with them, and what is refused."""

from __future__ import annotations

import pytest

import workernb
from workernb.errors import UsageError
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.diffs import code_that_differs, describe_change
from workernb.runtime.services.modules import check_path, dotted_name, hidden_by_python
from workernb.runtime.services.versions import main_filename, module_filename


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("prices.py", "prices"),
        ("shop/prices.py", "shop.prices"),
        ("shop/__init__.py", "shop"),
        ("a/b/c.py", "a.b.c"),
        ("größe.py", "größe"),
    ],
)
def test_a_path_says_what_a_module_is_imported_as(path, name):
    assert dotted_name(check_path(path)) == name


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("prices", "'prices' is no Python file: write prices.py."),
        ("prices.txt", "is no Python file"),
        ("", "is no Python file: write prices.py"),
        ("../prices.py", "leaves the folder of the main module"),
        ("shop/../prices.py", "leaves the folder of the main module"),
        ("/prices.py", "is absolute"),
        ("C:/prices.py", "is absolute"),
        ("~/prices.py", "is absolute"),
        ("shop\\prices.py", "has backslashes: write 'shop/prices.py'"),
        ("my-prices.py", "cannot be imported, since 'my-prices' is no name in Python"),
        ("1.py", "'1' is no name in Python"),
        ("a//b.py", "'' is no name in Python"),
        ("./a.py", "'.' is no name in Python"),
        ("my shop/a.py", "'my shop' is no name in Python"),
        ("class.py", "'class' is no name in Python"),
        ("a.b.py", "'a.b' is no name in Python"),
        (".py", "'' is no name in Python"),
        ("__init__.py", "has no name: the main module is not in a package"),
        ("workers.py", "would hide the platform's module 'workers'"),
        ("workers/a.py", "would hide the platform's module 'workers'"),
        (3, "A module's path is text, not int."),
    ],
)
def test_a_path_that_cannot_be_imported_is_refused(path, said):
    with pytest.raises(UsageError) as caught:
        Definition.make("shop", "", modules={path: ""})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        (["prices.py"], "modules are a dict of sources by path, {'prices.py': …}, not list."),
        ("prices.py", "not str."),
        ({"prices.py": b"A = 1"}, "The source of prices.py is text, not bytes."),
        ({"prices.py": None}, "The source of prices.py is text, not NoneType."),
        ({"a.py": "", "a/__init__.py": ""}, "a.py and a/__init__.py are both the module a"),
        ({"a.py": "", "a/b.py": ""}, "a/b.py cannot be imported beside a.py"),
        ({"entry.py": ""}, "entry.py and entry.py are both the module entry: keep one."),
    ],
)
def test_modules_that_are_refused(modules, said):
    with pytest.raises(UsageError) as caught:
        Definition.make("shop", "", modules=modules, main="entry.py")
    assert said in str(caught.value)


@pytest.mark.parametrize("modules", [["a.py"], {"a.py": 1}, {"..": ""}, {"gone.py": None}])
def test_a_change_checks_modules_as_a_definition_does(runtime, modules):
    runtime.define("shop", "")
    with pytest.raises(UsageError):
        runtime.change("shop", modules=modules)
    assert runtime["shop"].version.number == 1


def test_names_of_the_standard_library_are_hidden():
    assert hidden_by_python(["json.py", "shop/json.py", "prices.py"]) == ["json.py"]


def test_modules_have_the_worker_in_their_file_name():
    name = module_filename("<worker shop v2 (3)>", "a/b.py")
    assert name == "<worker shop v2 (3): a/b.py>"
    assert main_filename(name) == main_filename("<worker shop v2 (3)>") == "<worker shop v2 (3)>"


def test_modules_are_part_of_the_version():
    def of(**given):
        return Definition.make("shop", "import a", **given)

    plain, with_a = of(), of(modules={"a.py": "A = 1"})
    assert plain != with_a
    assert "modules=['a.py']" in repr(with_a)
    ids = {
        plain.fingerprint(),
        with_a.fingerprint(),
        of(modules={"a.py": "A = 2"}).fingerprint(),
        of(modules={"b.py": "A = 1"}).fingerprint(),
        of(modules={"a.py": "A = 1"}, main="entry.py").fingerprint(),
    }
    assert len(ids) == 5
    in_other_order = of(modules={"b.py": "", "a.py": ""})
    assert in_other_order.fingerprint() == of(modules={"a.py": "", "b.py": ""}).fingerprint()


def test_differences_are_told_module_by_module():
    before = Definition.make("shop", "x", modules={"a.py": "A = 1", "gone.py": "1\n2"})
    after = Definition.make("shop", "y", modules={"a.py": "A = 2\nB = 1", "new.py": "1"})
    assert [(one.module, one.state) for one in code_that_differs(before, after)] == [
        (None, ""),
        ("a.py", ""),
        ("gone.py", "is removed"),
        ("new.py", "is new"),
    ]
    assert describe_change(before, after) == (
        "code (+1 −1 lines); a.py (+2 −1 lines); module gone.py is removed (2 lines); "
        "module new.py is new (1 lines)"
    )


def test_history_and_replay_carry_modules(runtime):
    runtime.define("shop", "import prices", modules={"prices.py": "A = 1"}, main="entry.py")
    runtime.change("shop", modules={"prices.py": "A = 2", "new.py": ""})
    runtime.change("shop", modules={"new.py": None})
    runtime.change("shop", vars={"X": "1"})
    again = workernb.Runtime()
    try:
        again.replay(runtime.history)
        definition = again.services["shop"].definition
        assert dict(definition.modules) == {"prices.py": "A = 2"}
        assert definition.main == "entry.py"
        assert again["shop"].version.number == 4
    finally:
        again.close()
    runtime.rollback("shop")
    runtime.deploy("shop", {1: 100})
    assert runtime.services["shop"].definition.modules == {"prices.py": "A = 1"}
