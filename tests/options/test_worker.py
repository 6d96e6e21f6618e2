"""The options of `%%worker`."""

from __future__ import annotations

import pytest

from workernb.errors import OptionError
from workernb.options.worker import WorkerOptions


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
