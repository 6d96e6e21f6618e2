"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# A machine may be slow, and a failure should come back when it is looked for.
settings.register_profile("workernb", deadline=None, derandomize=True)
settings.load_profile("workernb")
