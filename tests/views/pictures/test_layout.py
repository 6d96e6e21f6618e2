"""The layout of the graph: positions are kept, callers are to the left of their callees."""

from __future__ import annotations

from itertools import pairwise

import pytest

from workernb.views.drawing.shapes import Rect
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.layout import SIBLINGS_GAP
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


def test_a_caller_that_comes_late_is_not_squeezed_into_the_outsides_column(runtime):
    runtime.define("gateway", "", public=True)
    GraphPicture(runtime)
    runtime.define("views-of-everything", "", services={"GATE": "gateway"})
    picture = GraphPicture(runtime)
    check_graph(picture)
    columns = {name: place.column for name, place in picture.layout.places.items()}
    assert columns[OUTSIDE] < columns["views-of-everything"] < columns["gateway"]
    assert "views-of-everything" in [label.text for label in labels_of(picture.drawing)]


def test_a_column_is_widened_for_a_longer_name(runtime):
    runtime.define("gateway", "", public=True, services={"A": "a", "B": "long-name-of-a-worker"})
    GraphPicture(runtime).layout.forget()
    runtime.define("a", "")
    GraphPicture(runtime)
    runtime.define("long-name-of-a-worker", "", vars={"X": "1"}, secrets={"KEY": "planted-secret"})
    picture = GraphPicture(runtime)
    check_graph(picture)
    assert not [label.text for label in labels_of(picture.drawing) if label.text.endswith("…")]


@pytest.mark.parametrize("number", [2, 3, 5])
def test_environments_are_close_together_in_their_frame(runtime, number):
    names = [f"e{n}" for n in range(number)]
    runtime.define("logs", "")
    for name in names:
        runtime.define("auth", "", environment=name, services={"LOGS": "logs"})
    services = {f"A{n}": f"auth-{name}" for n, name in enumerate(names)}
    runtime.define("gateway", "", public=True, services={**services, "LOGS": "logs"})
    for _ in range(2):
        picture = GraphPicture(runtime)
        places = [place for name, place in picture.layout.places.items() if "auth" in name]
        places.sort(key=lambda place: place.y)
        gaps = [below.y - above.bottom for above, below in pairwise(places)]
        assert gaps == [SIBLINGS_GAP] * (len(places) - 1)
        check_graph(picture)
        services.pop("A1", None)
        runtime.define("gateway", "", public=True, services={**services, "LOGS": "logs"})
        if "auth-e1" in runtime:
            runtime.remove("auth-e1")
