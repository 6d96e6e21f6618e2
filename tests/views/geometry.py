"""Checks of the geometry of drawings."""

from __future__ import annotations

from itertools import combinations

from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, Line, Rect
from workernb.views.pictures.graph import GraphPicture


def overlap(a, b) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def labels_of(drawing: Drawing) -> list[Label]:
    return [shape for shape in drawing.flat if isinstance(shape, Label)]


def check_labels(drawing: Drawing) -> None:
    labels = [label for label in labels_of(drawing) if label.text]
    for label in labels:
        left, top, right, bottom = label.box
        assert left >= drawing.left, label
        assert top >= drawing.top, label
        assert right <= drawing.left + drawing.width, label
        assert bottom <= drawing.top + drawing.height, label
    for one, other in combinations(labels, 2):
        assert not overlap(one.box, other.box), (one, other)


def boxes_of(drawing: Drawing) -> list[Rect]:
    return [s for s in drawing.flat if isinstance(s, Rect) and s.part.startswith("box")]


def check_graph(picture: GraphPicture) -> None:
    """Names on nothing but their own ground, boxes apart, every arrowhead at its node."""
    drawing = picture.drawing
    check_labels(drawing)
    boxes = boxes_of(drawing)
    spaces = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    for one, other in combinations(spaces, 2):
        assert not overlap(one, other)
    for label in labels_of(drawing):
        for space in spaces:
            if label.text and overlap(label.box, space):
                assert space[0] <= label.box[0], label
                assert label.box[2] <= space[2], label
                assert space[1] <= label.box[1], label
                assert label.box[3] <= space[3], label
    arrows = [s for s in drawing.flat if isinstance(s, Line) and s.arrow]
    assert len(arrows) == len(picture.system.arrows)
    at = {node.name: box for node, box in zip(picture.system.nodes, boxes, strict=True)}
    for arrow, line in zip(picture.system.arrows, arrows, strict=True):
        (begin_x, begin_y), (x, y) = line.points[0], line.points[-1]
        source, target = at[arrow.source], at[arrow.target]
        assert x == target.x
        assert target.y < y < target.y + target.height
        assert begin_x == source.x + source.width
        assert source.y < begin_y < source.y + source.height
        for point_x, point_y in line.points:
            assert drawing.left <= point_x <= drawing.left + drawing.width
            assert drawing.top <= point_y <= drawing.top + drawing.height
