"""The picture of a request over the binding and over HTTP."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from workernb.network.comparing import HERE, THERE, Comparison, Process, Stretch, Way
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Rect
from workernb.views.pictures.comparison import AXIS, ComparisonPicture

from ..geometry import check_labels


def way(scale: float, *workers: tuple[str, ...], status: int = 200) -> Way:
    """A way that takes 3 × scale ms: each process works for a third of it, at another time."""
    processes = []
    for number, names in enumerate(workers):
        part = scale / len(names)
        stretches = [Stretch(number * scale, (number + 1) * scale, None)]
        stretches += [
            Stretch(number * scale + at * part, number * scale + (at + 0.5) * part, name)
            for at, name in enumerate(names)
        ]
        cpu_by: dict[str | None, float] = dict.fromkeys(names, part / 2)
        cpu_by[None] = scale / 2
        name = THERE if number else HERE
        processes.append(Process(name, scale, 2 * scale, cpu_by, stretches))
    return Way(3 * scale, status, tuple(processes), (3 * scale,))


def comparison(*workers: str, request="GET http://x/", status=200, failed=None, scale=0.2):
    names = workers or ("gateway", "auth")
    binding = way(scale / 10, names)
    network = way(scale, names[:1], names[1:], status=status)
    return ComparisonPicture(Comparison(request, names, binding, network, failed))


@pytest.mark.parametrize(
    "picture",
    [
        comparison(),
        comparison(*[f"worker-with-a-long-name-{number}" for number in range(30)]),
        comparison("g" * 200, "a" * 200, request="GET http://x/" + "y" * 2_000),
        comparison(scale=1e-6),
        comparison(scale=98_765.0, status=500, failed="ValueError: " + "z" * 2_000),
    ],
    ids=["two", "many", "long", "short", "slow"],
)
def test_no_label_is_on_another_or_outside(picture):
    check_labels(picture.drawing)


def test_it_is_drawn_to_scale_on_one_axis():
    picture = comparison()
    bars = [s for s in picture.drawing.shapes if isinstance(s, Rect) and s.height in (14, 16)]
    idle = [bar for bar in bars if bar.hatched]
    left = idle[0].x
    assert [bar.width for bar in idle] == pytest.approx([AXIS / 10, AXIS, AXIS])
    (_, auth) = [bar for bar in bars if bar.fill == role_of("auth")]
    assert auth.x == pytest.approx(left + AXIS / 3)
    assert auth.width == pytest.approx(AXIS / 6)


def test_in_words():
    text = comparison().text().splitlines()
    assert text[0] == "GET http://x/: over HTTP it takes 10 times as long as over the binding"
    assert text[2] == "Over the binding: 0.060 ms, CPU 0.020 ms, idle 0.040 ms"
    assert text[4] == "Over HTTP: 0.600 ms, CPU 0.400 ms, idle 0.800 ms"
    assert "·" * 20 + "█" * 10 + "▒" * 10 + "·" * 20 in text[6]
    assert "CPU 0.200 ms (auth 0.100 ms, runtime and HTTP 0.100 ms), idle 0.400 ms" in text[6]


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.parametrize("hostile", ["<script>x</script>", "a\0b\x1b[31m", "\u202eabc", "$x^2$"])
def test_hostile_text_is_only_text(hostile):
    picture = comparison(request=f"GET http://x/{hostile}", failed=hostile)
    root = ET.fromstring(picture.svg())
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert "\x1b" not in picture.text()
    assert picture.png().startswith(b"\x89PNG")


def test_the_bundle_has_svg_png_and_text_with_alternatives(tmp_path):
    picture = comparison()
    data, metadata = picture._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", "image/png", "text/plain"}
    assert "Over HTTP: 0.600 ms" in metadata["image/png"]["alt"]
    picture.figure().savefig(tmp_path / "comparison.pdf")
    assert (tmp_path / "comparison.pdf").read_bytes().startswith(b"%PDF")
