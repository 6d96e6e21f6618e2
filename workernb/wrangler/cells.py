"""Cells for definitions: a notebook that defines the same Workers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workernb.errors import UsageError
from workernb.options.worker import worker_options
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.languages import PYTHON
from workernb.runtime.services.option import Form, Option


def write_notebook(path: Path, definitions: Iterable[Definition]) -> None:
    """Write a notebook whose cells define Workers; UsageError for a file that is there already.

    Values of secrets are left out: they are looked up when the cell is run.
    """
    code = ["%load_ext workernb"]
    for definition in definitions:
        code += cells(definition)
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "source": source.splitlines(keepends=True),
            }
            for number, source in enumerate(code, 1)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python",
                                    "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(notebook, file, indent=1, ensure_ascii=False)
            file.write("\n")
    except FileExistsError:
        raise UsageError(f"{path} is there already, and is not overwritten.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def cells(definition: Definition) -> Iterator[str]:
    """Yield the cells of a definition: the Worker's own, then one for each of its modules."""
    environment = [] if definition.environment is None else ["--env", definition.environment]
    head = ["%%worker", definition.worker]
    yield _cell([*head, *_options(definition)], definition.source)
    for path, source in definition.modules.items():
        yield _cell([*head, *environment, "--module", path], source)


def _cell(words: Iterable[str], source: str) -> str:
    # In a definition from a cell, an empty line stands for the magic's own.
    return f"{shlex.join(words)}\n{source.removeprefix(chr(10))}"


def _options(definition: Definition) -> Iterator[str]:
    """Yield the words of the options that give a definition its settings."""
    limits = definition.limits
    settings: dict[str, Any] = {
        **definition.given_bindings(),
        "environment": definition.environment,
        "routes": [route.pattern for route in definition.routes],
        "crons": definition.crons,
        "tails": definition.tails,
        "origin": None if definition.origin is None else str(definition.origin),
        "limits": limits if isinstance(limits, Mapping) else {},
        "compatibility_date": definition.compatibility_date,
        "tag": definition.tag,
        "language": definition.language != PYTHON,
        "migrations": {
            each["tag"]: {name: value for name, value in each.items() if name != "tag"}
            for each in definition.migrations
        },
    }
    for option in worker_options():
        if option.keyword in settings and option.form is not Form.PATH:
            if option.form is Form.SWITCH:
                yield from [option.name] if settings[option.keyword] else []
                continue
            for value in _values(option, settings[option.keyword]):
                yield from (option.name, value)


def _values(option: Option, setting: Any) -> Iterator[str]:
    """Yield an option's values for a setting."""
    if option.key is not None:
        setting = setting.get(option.key)
    if not setting:
        return
    if option.form is Form.SECRET:
        yield from setting
    elif option.form is Form.BINDING:
        yield from (f"{name}={value}" for name, value in setting.items())
    elif option.form in (Form.VALUE, Form.JSON):
        # A text is a value; anything else is JSON.
        wanted = option.form is Form.VALUE
        for name, value in setting.items():
            if isinstance(value, str) == wanted:
                yield f"{name}={value if wanted else json.dumps(value, ensure_ascii=False)}"
    elif option.form in (Form.OBJECT, Form.NAMED_OBJECT):
        for name, value in setting.items():
            text = value if isinstance(value, str) else json.dumps(value)
            yield name if option.form is Form.NAMED_OBJECT and text == "{}" else f"{name}{text}"
    elif option.form is Form.TEXTS:
        yield from setting
    else:
        yield f"{setting:g}" if isinstance(setting, float) else str(setting)
