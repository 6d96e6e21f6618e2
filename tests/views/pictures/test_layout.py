"""The layout of the graph: positions are kept, callers are to the left of their callees."""

from __future__ import annotations

import pytest

from workernb.views.drawing.shapes import Rect
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.system import OUTSIDE

from ..geometry import boxes_of, check_graph, labels_of


def test_adding_a_worker_moves_no_other(runtime):
    """Twenty Workers one by one: each picture has all boxes where the last one had them."""
    places: dict[str, tuple[float, float]] = {}
    for number in reversed(range(20)):
        called = [n for n in (2 * number + 1, 2 * number + 2) if n < 20]
        runtime.define(
            f"service-{number}",
            "",
            services={f"SVC{n}": f"service-{n}" for n in called},
            public=number % 5 == 0,
        )
        picture = GraphPicture(runtime)
        check_graph(picture)
        boxes = boxes_of(picture.drawing)
        now = {
            node.name: (box.x, box.y)
            for node, box in zip(picture.system.nodes, boxes, strict=True)
            if node.name != OUTSIDE  # It grows upwards, with every route.
        }
        assert {name: now[name] for name in places if name in now} == {
            name: place for name, place in places.items() if name in now
        }
        places = now


def test_a_new_binding_moves_only_what_is_below(runtime):
    for name in "abcd":
        runtime.define(name, "")
    before = {box.y for box in boxes_of(GraphPicture(runtime).drawing)}
    runtime.define("b", "", services={f"B{n}": "d" for n in range(6)})
    picture = GraphPicture(runtime)
    check_graph(picture)
    assert len(before & {box.y for box in boxes_of(picture.drawing)}) == 2


def test_a_place_is_free_again_when_its_worker_is_gone(runtime):
    runtime.define("a", "", services={"GONE": "gone"})
    assert len(boxes_of(GraphPicture(runtime).drawing)) == 2
    runtime.define("a", "")
    assert len(boxes_of(GraphPicture(runtime).drawing)) == 1


@pytest.mark.parametrize("together", [True, False])
def test_the_environments_of_a_worker_stand_together(runtime, together):
    """Whether they are there at once, or one after the other."""
    for environment in (None, "staging", "production"):
        runtime.define("auth", "", environment=environment)
        if not together:
            GraphPicture(runtime)
        runtime.define(f"other-{environment or 'none'}", "")
    runtime.define("gateway", "", services={"A": "auth", "B": "auth-staging"}, public=True)
    picture = GraphPicture(runtime)
    check_graph(picture)
    places = {name: picture.layout.places[name] for name in picture.system.outgoing}
    auth = [places[name] for name in ("auth", "auth-staging", "auth-production")]
    assert len({place.column for place in auth}) == 1
    if together:
        frames = [s for s in picture.drawing.flat if isinstance(s, Rect) and s.radius == 12]
        assert len(frames) == 1
        for place in auth:
            assert frames[0].y < place.y
            assert place.bottom < frames[0].y + frames[0].height


def test_circles_and_self_bindings(runtime):
    runtime.define("a", "", services={"SELF": "a", "B": "b"}, public=True)
    runtime.define("b", "", services={"C": "c", "A": "a"})
    runtime.define("c", "", services={"A": "a", "B": "b", "SELF": "c", "AGAIN": "c"})
    picture = GraphPicture(runtime)
    check_graph(picture)
    columns = {name: place.column for name, place in picture.layout.places.items()}
    assert columns["a"] < columns["b"] < columns["c"]


def test_callers_stand_left_of_what_they_call(system):
    picture = GraphPicture(system(20))
    places = {s.text: s.x for s in labels_of(picture.drawing)}
    assert places["service-0"] < places["service-1"] < places["service-3"] < places["service-7"]
