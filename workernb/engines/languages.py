"""Languages: the engine that loads a version is the one for its language."""

from __future__ import annotations

from collections.abc import Callable

from workernb.errors import with_notes
from workernb.runtime.services.engine import Engine, Isolate
from workernb.runtime.services.languages import JAVASCRIPT, language_of, looks_like_javascript
from workernb.runtime.services.versions import Version

from .python import PythonEngine


class Engines:
    """The engines of both languages; that for JavaScript is made for its first Worker."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Make the engine for Python. now: returns the time by the runtime's clock (s)."""
        self._now = now
        self._python: Engine = PythonEngine(now)
        self._javascript: Engine | None = None

    def load(self, version: Version) -> Isolate:
        """Run the source of `version`; raises what that raises."""
        if version.definition.language == JAVASCRIPT:
            try:
                return self._engine_for_javascript().load(version)
            except SyntaxError as error:
                if error.filename == version.filename and _is_python(version.definition.source):
                    remedy = f"It is Python: %%worker {version.service}, without --js"
                    raise with_notes(error, remedy) from None
                raise
        try:
            return self._python.load(version)
        except SyntaxError as error:
            if error.filename == version.filename and looks_like_javascript(
                version.definition.source
            ):
                raise with_notes(
                    error, f"It reads like JavaScript: %%worker {version.service} --js"
                ) from None
            raise

    def _engine_for_javascript(self) -> Engine:
        if self._javascript is None:
            from .javascript.engine import JavaScriptEngine

            engine: Engine = JavaScriptEngine(self._now)
            self._javascript = engine
        return self._javascript


def _is_python(source: str) -> bool:
    """Return whether a source that is no JavaScript is Python."""
    try:
        compile(source, "<source>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def check_syntax(path: str, source: str, filename: str) -> None:
    """Raise SyntaxError if the source of a module is none of its language, by its path.

    filename: what frames of it would be named by. UsageError where JavaScript's engine is missing.
    """
    if language_of(path) != JAVASCRIPT:
        compile(source, filename, "exec", dont_inherit=True)
    elif path.endswith((".js", ".mjs")):
        from .javascript.realm import check_module

        check_module(source, filename)
