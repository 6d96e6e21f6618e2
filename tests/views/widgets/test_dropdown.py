"""A dropdown that keeps its selection."""

from __future__ import annotations

from workernb.views.widgets.dropdown import StickyDropdown


def pairs(*names: str) -> list[tuple[str, str]]:
    return [(name, name) for name in names]


def test_the_selection_is_kept_while_it_is_an_option():
    field = StickyDropdown()
    assert field.value is None
    field.set_options(pairs("a", "b"))
    assert field.value == "a"
    field.value = "b"
    field.set_options(pairs("z", "b", "a"))
    assert field.value == "b"
    field.set_options(pairs("z"))
    assert field.value == "z"
    field.set_options([])
    assert field.value is None


def test_only_a_selection_is_a_choice():
    field = StickyDropdown()
    chosen = []
    field.on_choice(lambda: chosen.append(field.value))
    field.set_options(pairs("a", "b"))
    field.set_options(pairs("b", "c"))
    assert not chosen
    field.value = "c"
    assert chosen == ["c"]
