"""The differences of two versions."""

from __future__ import annotations

from workernb.views.tables.changes import VersionDiff

from ..conftest import UNSAFE


def test_the_code_of_a_version_is_escaped(runtime):
    for number in (1, 2):
        runtime.define("web", f"TEXT = {UNSAFE[:-1]!r}  # </pre><script>{number}\n")
    shown = VersionDiff.of(runtime, "web", [])._repr_html_()
    assert "&lt;/pre&gt;&lt;script&gt;2" in shown
    assert "<script" not in shown
