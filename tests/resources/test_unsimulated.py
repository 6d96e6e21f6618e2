"""What is asked for and not simulated says so, by kind and by name."""

from __future__ import annotations

import pytest

from workernb import UsageError


@pytest.mark.parametrize(
    ("bindings", "text"),
    [
        ({"ai": {"binding": "AI"}}, "The binding AI is of Workers AI, which is not simulated"),
        ({"vectorize": [{"binding": "INDEX"}]}, "The binding INDEX is of Vectorize"),
        ({"hyperdrive": {"DB": "id"}}, "The binding DB is of Hyperdrive, which is not simulated "
            "here. Use a Python driver of the database in the Worker itself."),
        ({"workflows": [{"binding": "A"}, {"binding": "B"}]}, "The binding A, B is of Workflows"),
        ({"secrets_store_secrets": {"KEY": "x"}}, "The binding KEY is of the Secrets Store, which "
            "is not simulated here. Give it as a secret: secrets={'KEY': …}."),
        ({"assets": {"binding": "ASSETS"}}, "The binding ASSETS is of static assets"),
        ({"images": {"binding": "IMAGES"}}, "The binding IMAGES is of Images"),
        ({"analytics_engine_datasets": [{"binding": "LOGS"}]}, "The binding LOGS is of Analytics"),
        ({"browser": "BROWSER"}, "The binding BROWSER is of Browser Rendering"),
    ],
)  # fmt: skip
def test_it_is_named(runtime, bindings, text):
    with pytest.raises(UsageError) as raised:
        runtime.define("web", "", **bindings)
    assert str(raised.value).startswith(text)


def test_none_of_it_may_be_given(runtime):
    assert runtime.define("web", "", ai=None, vectorize=[]).version.number == 1
