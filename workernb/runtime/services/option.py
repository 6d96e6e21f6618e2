"""Options of `%%worker`, as data.

`workernb.options.worker` derives the grammar, the help text, the completion and the settings for
`Runtime.define` from them. A kind of binding declares its own options.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Form(Enum):
    """How an option's value is written, and what it is read as."""

    SWITCH = auto()
    """No value: True."""
    TEXT = auto()
    NUMBER = auto()
    INTEGER = auto()
    TEXTS = auto()
    """A text; the option can be repeated: a list."""
    BINDING = auto()
    """NAME=TARGET, repeatable: a dict. The target must not be empty."""
    VALUE = auto()
    """NAME=TEXT, repeatable: a dict."""
    JSON = auto()
    """NAME=JSON, repeatable: a dict of parsed values."""
    OBJECT = auto()
    """NAME{JSON}, repeatable: a dict of parsed objects."""
    NAMED_OBJECT = auto()
    """NAME or NAME{JSON}, repeatable: a dict of parsed objects. NAME may have dashes."""
    SECRET = auto()
    """NAME[=TEXT], repeatable: a dict; None for a value that is looked up elsewhere."""
    PATH = auto()
    """The path of a module or file: code, which is no setting."""

    @property
    def repeatable(self) -> bool:
        """Whether the option can be given several times."""
        return self is Form.TEXTS or self.mapping

    @property
    def mapping(self) -> bool:
        """Whether the values have names, and are collected in a dict."""
        return self in (
            Form.BINDING, Form.VALUE, Form.JSON, Form.OBJECT, Form.NAMED_OBJECT, Form.SECRET
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """One option of `%%worker`.

    flags: the spellings, the long one last. help: the explanation in the help text. keyword: the
    keyword of `Runtime.define` that the option sets; None for an option of the notebook alone. key:
    the entry that it sets, where the keyword takes a mapping. metavar: the value's placeholder in
    the help text. example: a correct value, for error messages. completes: what completion offers
    for the value: `targets`, `classes` of Durable Objects, or stores of a kind that `%stores` has.
    """

    flags: tuple[str, ...]
    help: str
    form: Form = Form.TEXT
    keyword: str | None = None
    key: str | None = None
    metavar: str | None = None
    example: str = ""
    completes: str | None = None

    @property
    def name(self) -> str:
        """The long spelling: `--bind`."""
        return self.flags[-1]
