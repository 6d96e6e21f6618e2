"""What the page of a widget sends, and what it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from workernb import CpuView, GraphView


@pytest.fixture
def sent(monkeypatch) -> list[Any]:
    """What the widgets send to the page."""
    messages: list[Any] = []
    for widget in (GraphView, CpuView):
        monkeypatch.setattr(
            widget, "send", lambda self, content, buffers=None: messages.append(content)
        )
    return messages


def from_page(view: Any, **content: Any) -> None:
    view._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def set_by_page(view: Any, **state: Any) -> None:
    data = {"method": "update", "state": state}
    view._handle_msg({"content": {"data": data}, "buffers": []})
