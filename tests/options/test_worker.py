"""The options of `%%worker`."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from workernb.errors import OptionError
from workernb.options.worker import WorkerOptions, worker_options, worker_parser
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import kinds
from workernb.runtime.services.limits import names
from workernb.runtime.services.option import Form, Option

README = Path(__file__).resolve().parents[2] / "README.md"


def test_all_that_a_worker_may_be_told():
    options = WorkerOptions.parse(
        "auth -b A=b@staging#Admin --bind B=b -v X= --var Y=a=b --var-json 'J={\"a\": [1]}' "
        "-s ONE -s TWO=a=b -e prod -r a.example/* --route b.example/* --public --as handle "
        "--cpu-ms 1.5 --wall-ms 20 --subrequests 3 --compatibility-date 2026-11-23 -q"
    )
    assert options == WorkerOptions(
        name="auth",
        settings={
            "services": {"A": "b@staging#Admin", "B": "b"},
            "vars": {"X": "", "Y": "a=b", "J": {"a": [1]}},
            "secrets": {"ONE": None, "TWO": "a=b"},
            "routes": ["a.example/*", "b.example/*"],
            "public": True,
            "environment": "prod",
            "limits": {"cpu_ms": 1.5, "wall_ms": 20.0, "subrequests": 3},
            "compatibility_date": "2026-11-23",
        },
        variable="handle",
        quiet=True,
    )
    assert options.environment == "prod"
    assert options.services == {"A": "b@staging#Admin", "B": "b"}
    assert options.secrets == {"ONE": None, "TWO": "a=b"}


def test_what_is_done_with_a_workers_code():
    assert WorkerOptions.parse("a --module b.py -e c -q").module == "b.py"
    assert WorkerOptions.parse("a --file src/entry.py --bind A=b").file == "src/entry.py"
    assert WorkerOptions.parse("a --drop-module b.py").drop_module == "b.py"


def test_what_is_not_said_is_left_open():
    options = WorkerOptions.parse("auth")
    assert options == WorkerOptions("auth", {}, variable=None, quiet=False)
    assert options.services == options.secrets == {}
    assert options.environment is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("auth --publik", "%%worker has no option --publik. Did you mean --public?"),
        ("auth --zzz", "%%worker has no option --zzz. It has --bind, --var"),
        ("auth --pub", "no option --pub"),
        ("auth -b =auth", "write --bind AUTH=auth, not '=auth'"),
        ("auth -b AUTH=", "write --bind AUTH=auth, not 'AUTH='"),
        ("auth --var-json A", "write --var-json PORTS=[80], not 'A'"),
        ("auth --var-json A=x", "--var-json A is no JSON"),
        (
            'auth --ratelimit LIMIT{"limit":3,"period":60}',
            'write, in quotes, --ratelimit \'LIMIT{"limit": 10, "period": 60}\'.',
        ),
        ("auth --workflow W=w", "Workflows are not simulated."),
        ("auth --durable-object=A", "write --durable-object COUNTERS=#Counter, not 'A'"),
        ("auth -v A=1 -v A=2", "--var names A twice"),
        ("auth -s A -s A=2", "--secret names A twice"),
        ("auth -v A=1 --var-json A=1", "names A twice"),
        ("auth --subrequests 1.5", "1.5"),
        ("auth --as", "expected one argument"),
        ('auth "', "a quote is opened and not closed"),
    ],
)
def test_a_refusal_says_what_to_write(line, said):
    with pytest.raises(OptionError) as caught:
        WorkerOptions.parse(line)
    notes = getattr(caught.value, "__notes__", [])
    assert said in " ".join([str(caught.value), *notes])


def test_words_are_expanded_after_they_are_split():
    options = WorkerOptions.parse("auth -v 'A=<x>'", lambda word: word.replace("<x>", "two 'words"))
    assert options.settings["vars"] == {"A": "two 'words"}


TOY = Option(
    ("--toy",),
    "a toy of a kind that the package does not know",
    Form.BINDING,
    "toys",
    metavar="BINDING=TOY",
    example="BEAR=teddy",
)


def test_a_kind_of_binding_adds_its_option_as_data():
    options = (*worker_options(), TOY)
    typed = WorkerOptions.parse("auth --toy A=bear --toy B=ball -q", options=options)
    assert typed.settings == {"toys": {"A": "bear", "B": "ball"}}
    with pytest.raises(OptionError, match="write --toy BEAR=teddy, not 'A='"):
        WorkerOptions.parse("auth --toy A=", options=options)
    with pytest.raises(OptionError, match="--toy names A twice"):
        WorkerOptions.parse("auth --toy A=b --toy A=c", options=options)
    parser = worker_parser(options)
    assert parser.options()[-1] == "--toy"
    assert "--toy BINDING=TOY" in parser.help_text()


def test_options_and_keywords_of_define_are_the_same():
    # A kind without options is refused by name: it is not simulated.
    keywords = [kind.keyword for kind in kinds() if kind.options]
    keywords += [
        name
        for name, parameter in inspect.signature(Definition.make).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    given = {option.keyword for option in worker_options()} - {None}
    assert given == set(keywords)
    limits = {option.key for option in worker_options() if option.keyword == "limits"}
    assert limits <= set(names())


@pytest.mark.parametrize("option", worker_options(), ids=lambda option: option.name)
def test_an_option_is_complete(option):
    assert option.name.startswith("--")
    assert option.help
    assert (option.metavar is None) == (option.form is Form.SWITCH)
    # The error for a wrong value shows a correct one.
    if option.form in (Form.BINDING, Form.VALUE, Form.JSON):
        typed = WorkerOptions.parse(f"a {option.name} {option.example}")
        assert list(typed.settings) == [option.keyword]


def test_readme_has_the_table_of_options():
    rows = ["| option | keyword of `define` | |", "|---|---|---|"]
    for option in worker_options():
        written = f"{option.name} {option.metavar}" if option.metavar else option.name
        flags = ", ".join(f"`{flag}`" for flag in (*option.flags[:-1], written))
        keyword = f"`{option.keyword}`" if option.keyword else ""
        if option.key is not None:
            keyword = f'`{option.keyword}["{option.key}"]`'
        rows.append(f"| {flags} | {keyword} | {option.help} |")
    assert "\n".join(rows) in README.read_text(encoding="utf-8"), "\n".join(rows)
