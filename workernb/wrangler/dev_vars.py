"""`.dev.vars`: the file that Wrangler reads secrets from in local development.

https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets

Wrangler parses it with npm's `dotenv`, this module with python-dotenv. They differ in quotes,
escapes and comments; a line that they would read differently is refused.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workernb.errors import UsageError

if TYPE_CHECKING:
    from dotenv.parser import Binding

# The beginning of a binding in npm's dotenv, whose \s matches line ends too.
_begin = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z0-9_.-]+)(?:\s*=|:\s)", re.MULTILINE)
_quoted = re.compile(r"""'((?:\\'|[^'])*)'|"((?:\\"|[^"])*)\"""")
# Whitespace or the end of a line to either Python or JavaScript, but not to both.
_odd_space = re.compile(r"[\x1c-\x1f\x85\u2028\u2029\ufeff]")


def read_dev_vars(environment: str | None, folder: Path = Path()) -> tuple[Path, dict[str, str]]:
    """Return the path and the values of `.dev.vars.ENVIRONMENT`, or else of `.dev.vars`.

    Where neither exists, the path is that of the first, and there are no values. Raises UsageError
    for a line that Wrangler would read differently.
    """
    names = [".dev.vars"] if environment is None else [f".dev.vars.{environment}", ".dev.vars"]
    for path in (folder / name for name in names):
        if path.is_file():
            # npm's dotenv skips a byte order mark too.
            try:
                text = path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError as error:
                raise UsageError(f"{path} is not UTF-8: {error.reason} at {error.start}.") from None
            return path, parse_dev_vars(text, str(path))
    return folder / names[0], {}


def read_local_vars(environment: str | None, folder: Path) -> dict[str, str]:
    """Return the values of `.dev.vars.ENVIRONMENT` or `.dev.vars`, or else of the `.env` files.

    Of those the more special one counts, as with Wrangler: .env, .env.local, then the same with the
    environment's name. None of them is read where CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV is false.
    """
    path, values = read_dev_vars(environment, folder)
    if path.is_file() or os.environ.get("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV") == "false":
        return values
    names = [".env", ".env.local"]
    if environment is not None:
        names += [f".env.{environment}", f".env.{environment}.local"]
    for file in (folder / name for name in names):
        if file.is_file():
            values.update(parse_dev_vars(file.read_text(encoding="utf-8-sig"), str(file)))
    return values


def format_dev_vars(values: Mapping[str, str]) -> str:
    """Return the text of a dotenv file, which Wrangler and this module read alike.

    Raises UsageError, without the value, for a value that no such text has.
    """
    lines = []
    for name, value in values.items():
        candidates = [f"{name}={quote}{value}{quote}\n" for quote in "'\""]
        line = next((each for each in candidates if _reads_as(each, name, value)), None)
        if line is None:
            raise UsageError(
                f"The value of the secret {name} cannot be written into .dev.vars: it has quotes "
                "of both kinds, or characters that Wrangler reads differently."
            )
        lines.append(line)
    return "".join(lines)


def _reads_as(line: str, name: str, value: str) -> bool:
    try:
        return parse_dev_vars(line) == {name: value}
    except UsageError:
        return False


def parse_dev_vars(text: str, filename: str = ".dev.vars") -> dict[str, str]:
    """Return the values in the text of a dotenv file, without interpolation.

    Raises UsageError for a line that npm's dotenv would read differently; it tells filename and
    line, and shows no value.
    """
    # Imported when needed: it would take a good part of the time of %load_ext.
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    end = 0
    # What dotenv_values(interpolate=False) parses with; only this gives the lines.
    for binding in parse_stream(io.StringIO(text)):
        begin, end = end, end + len(binding.original.string)
        difference = _difference(binding, text[begin:end], text[end:])
        if difference is not None:
            blank = text[begin:end].removesuffix(text[begin:end].lstrip())
            line = binding.original.line + blank.count("\n")
            raise UsageError(f"{filename}, line {line}: {difference}")
        if binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values


def _difference(binding: Binding, source: str, rest: str) -> str | None:
    """Return how npm's dotenv reads a binding differently, and what to write instead, or None.

    source: the binding's own text, with blank lines before it. rest: the text after it.
    """
    if odd := _odd_space.search(source):
        return f"Wrangler reads the character U+{ord(odd[0]):04X} differently: leave it out."
    if binding.key is None and not binding.error:
        return None  # A comment, or blank lines.
    if binding.key is None or binding.value is None:
        begin = _begin.search(source) or _begin.match(source + rest)
        # Without the name: the line may also be a part of a value whose quotes are not closed.
        return None if begin is None else f"Wrangler reads it differently: {_quote('NAME')}"
    begin = _begin.match(source)
    if begin is None or begin["name"] != binding.key:
        return "Wrangler skips it: write a name of A-Z, 0-9 and _, without quotes."
    return _value_difference(binding.key, binding.value, source[begin.end() :].strip(), rest)


def _value_difference(name: str, value: str, written: str, rest: str) -> str | None:
    """Return the same for the value of a binding. written: the value as it stands in the file."""
    quoted = _quoted.match(written)
    if quoted is not None:
        single, double = quoted.groups()
        expected = double.replace(r"\n", "\n").replace(r"\r", "\r") if single is None else single
        if value == expected:
            return None
        return (
            f"Wrangler keeps the backslash in the value of {name}: write it without quotes, or "
            "without an escape."
        )
    if written.startswith("`") and "`" in written[1:] + rest:
        return f"Wrangler takes ` for quotes: {_quote(name)}"
    if not written and rest.lstrip().startswith(("'", '"', "`")):
        return f"Wrangler reads the next line as the value of {name}: {_quote(name)}"
    if value != written.partition("#")[0].rstrip():
        return f"Wrangler ends the value of {name} before the #: {_quote(name)}"
    return None


def _quote(name: str) -> str:
    return f"write {name}='…', with the whole value in quotes."
