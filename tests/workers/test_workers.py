"""The `workers` module: its public names, and those that it does not have yet."""

from __future__ import annotations

import pytest

import workernb
from workernb import workers
from workernb.http import forms


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


def test_every_public_name_is_there():
    assert all(hasattr(workers, name) for name in workers.__all__)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("WorkflowEntrypoint", "has no attribute 'WorkflowEntrypoint' in workernb yet"),
        ("Nonsense", "module 'workers' has no attribute 'Nonsense'"),
    ],
)
def test_the_error_of_a_missing_name(runtime, name, message):
    with pytest.raises(AttributeError, match=message):
        runtime.define("worker", f"import workers\nworkers.{name}")
    with pytest.raises(ImportError):
        runtime.define("worker", f"from workers import {name}")


def test_the_options_of_a_request_are_a_type():
    options = workers.RequestInitCfProperties(cacheTtl=5, cacheEverything=True)
    assert options == {"cacheTtl": 5, "cacheEverything": True}
    assert workers.RequestInitCfProperties.__total__ is False


def test_a_worker_imports_what_forms_need(runtime):
    names = "Blob, BlobEnding, BlobValue, Body, File, FormData, FormDataValue, JSBody"
    runtime.define("worker", f"from workers import {names}")
    assert workers.FormData is forms.FormData
    assert issubclass(workers.File, workers.Blob)
    for name in ("BlobValue", "Body", "FormDataValue", "JSBody"):
        assert " | " in getattr(workers, name)
