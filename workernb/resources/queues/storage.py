"""The messages of all queues, as they are kept: waiting, or in flight to a consumer."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from workernb.resources.sqlite import one_at_a_time

SCHEMA = """
CREATE TABLE IF NOT EXISTS queue_messages (
    number INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,  -- the content type
    body NOT NULL,  -- TEXT, or BLOB for bytes
    size INTEGER NOT NULL,  -- of the body, in bytes
    sent REAL NOT NULL,  -- times are in s since the epoch
    due REAL NOT NULL,
    set_at REAL NOT NULL,  -- when `due` was set
    attempts INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    request INTEGER  -- the number of the request that has sent it
);
CREATE INDEX IF NOT EXISTS queue_order ON queue_messages (queue, in_flight, due, number);
CREATE INDEX IF NOT EXISTS queue_numbers ON queue_messages (queue);
"""
_PUT = (
    "INSERT INTO queue_messages (queue, id, type, body, size, sent, due, set_at, attempts, "
    "in_flight, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)"
)
_TAKE = """
UPDATE queue_messages SET in_flight = 1, attempts = attempts + 1 WHERE number IN (
    SELECT number FROM queue_messages WHERE queue = ? AND in_flight = 0 AND due <= ?
    ORDER BY due, number LIMIT ?
) RETURNING due, number, id, type, body, size, sent, attempts, request
"""
_NEXT = "SELECT due FROM queue_messages WHERE queue = ? AND in_flight = 0 ORDER BY due LIMIT ?"


class Sent(NamedTuple):
    """A message that is sent. body: as it is kept. delay: in s."""

    content_type: str
    body: str | bytes
    size: int
    delay: float


class Taken(NamedTuple):
    """A message in flight. sent: s since the epoch. request: that of its sender, or None."""

    due: float
    number: int
    id: str
    content_type: str
    body: str | bytes
    size: int
    sent: float
    attempts: int
    request: int | None


class Backlog:
    """What a queue holds: how many messages, and the sum of their bodies' sizes in bytes."""

    __slots__ = ("bytes", "count")

    def __init__(self, count: int, size: int) -> None:
        """Keep both."""
        self.count = count
        self.bytes = size


class Outcome(NamedTuple):
    """What became of a batch. acked, dead: messages; retried: messages with their delays (s)."""

    acked: Sequence[Taken]
    retried: Sequence[tuple[Taken, float]]
    dead: Sequence[Taken]


class Messages:
    """The messages of a runtime's queues. on_put: called with the name of a queue that has more.

    dead: how many messages of each queue were moved to its dead letter queue, or dropped.
    """

    def __init__(self, stores: Any) -> None:
        """Begin with those that the stores hold."""
        self._stores = stores
        self._backlogs: dict[str, Backlog] = {}
        self.on_put: Callable[[str], None] | None = None
        self.dead: dict[str, int] = {}

    def put(self, queue: str, messages: Iterable[Sent], request: int | None) -> None:
        """Add messages to a queue. request: the number of the sender's request, or None."""
        now, number = self._stores.clock.now(), self._stores.number("queue", queue)
        rows = [
            (number, os.urandom(16).hex(), sent.content_type, sent.body, sent.size, now,
                now + sent.delay, now, request)
            for sent in messages
        ]  # fmt: skip
        backlog = self.backlog(queue)
        if len(rows) == 1:
            self._stores.main.execute(_PUT, rows[0])
        else:
            with self._stores.main.transaction():
                self._stores.main.connection.executemany(_PUT, rows)
        backlog.count += len(rows)
        backlog.bytes += sum(row[4] for row in rows)
        if self.on_put is not None:
            self.on_put(queue)

    def backlog(self, queue: str) -> Backlog:
        """Return what a queue holds, waiting and in flight."""
        backlog = self._backlogs.get(queue)
        if backlog is None:
            query = "SELECT count(*), coalesce(sum(size), 0) FROM queue_messages WHERE queue = ?"
            row = self._row(query, self._stores.number("queue", queue))
            backlog = self._backlogs[queue] = Backlog(*row)
        return backlog

    def oldest(self, queue: str) -> float | None:
        """Return when the oldest message of a queue was sent (s since the epoch), or None."""
        query = "SELECT sent FROM queue_messages WHERE queue = ? ORDER BY number LIMIT 1"
        row = self._row(query, self._stores.number("queue", queue))
        return None if row is None else float(row[0])

    def counts(self, queue: str) -> tuple[int, int, int]:
        """Return how many messages wait, are delayed, and are in flight."""
        query = (
            "SELECT coalesce(sum(NOT in_flight AND due <= ?), 0), "
            "coalesce(sum(NOT in_flight AND due > ?), 0), coalesce(sum(in_flight), 0) "
            "FROM queue_messages WHERE queue = ?"
        )
        now = self._stores.clock.now()
        number = self._stores.number("queue", queue)
        waiting, delayed, in_flight = self._row(query, now, now, number)
        return waiting, delayed, in_flight

    def _row(self, query: str, *parameters: Any) -> Any:
        with one_at_a_time:
            return self._stores.main.execute(query, parameters).fetchone()

    # Delivery

    def next_batch_at(self, queue: str, size: int, timeout: float) -> float | None:
        """Return when a batch is to be delivered; None if nothing waits.

        That is when it is full, or its first message has waited for `timeout` (s).
        """
        with one_at_a_time:
            parameters = self._stores.number("queue", queue), size
            due = [at for (at,) in self._stores.main.execute(_NEXT, parameters)]
        if not due:
            return None
        full = [due[-1]] if len(due) == size else []
        return float(min([due[0] + timeout, *full]))

    def take(self, queue: str, limit: int) -> list[Taken]:
        """Take messages that are due, the first ones first; they are in flight then."""
        with one_at_a_time:
            parameters = self._stores.number("queue", queue), self._stores.clock.now(), limit
            rows = self._stores.main.execute(_TAKE, parameters).fetchall()
        return sorted(Taken(*row) for row in rows)

    def settle(self, queue: str, outcome: Outcome, dead_letter_queue: str | None) -> None:
        """Delete what was acknowledged, put back what is retried, and move what is dead."""
        stores = self._stores
        now = stores.clock.now()
        execute = stores.main.connection.executemany
        dropped = [] if dead_letter_queue else outcome.dead
        moved = outcome.dead if dead_letter_queue else []
        with stores.main.transaction():
            execute(
                "DELETE FROM queue_messages WHERE number = ?",
                [(each.number,) for each in (*outcome.acked, *dropped)],
            )
            execute(
                "UPDATE queue_messages SET in_flight = 0, due = ?, set_at = ? WHERE number = ?",
                [(now + delay, now, each.number) for each, delay in outcome.retried],
            )
            execute(
                "UPDATE queue_messages SET queue = ?, in_flight = 0, due = ?, set_at = ?, "
                "attempts = 0 WHERE number = ?",
                [
                    (stores.number("queue", dead_letter_queue), now, now, each.number)
                    for each in moved
                ],
            )
        self._leave(queue, (*outcome.acked, *outcome.dead))
        if outcome.dead:
            self.dead[queue] = self.dead.get(queue, 0) + len(outcome.dead)
        if moved and dead_letter_queue is not None:
            self._backlogs.pop(dead_letter_queue, None)
            if self.on_put is not None:
                self.on_put(dead_letter_queue)

    def _leave(self, queue: str, left: Sequence[Taken]) -> None:
        backlog = self.backlog(queue) if queue not in self._backlogs else self._backlogs[queue]
        backlog.count = max(0, backlog.count - len(left))
        backlog.bytes = max(0, backlog.bytes - sum(each.size for each in left))

    # Other changes

    def set_back(self, seconds: float) -> None:
        """Follow a clock that was set back: a delay that began later lasts as long as before."""
        if not self._stores.is_open:
            return
        self._stores.main.execute(
            "UPDATE queue_messages SET due = due - ?, set_at = set_at - ? WHERE set_at > ?",
            (seconds, seconds, self._stores.clock.now()),
        )

    def recover(self) -> None:
        """Let what was in flight in a process that has ended wait again."""
        # Of a damaged file, the next call to a store says what is wrong.
        with contextlib.suppress(Exception), one_at_a_time:
            self._stores.main.execute(
                "UPDATE queue_messages SET in_flight = 0, request = NULL "
                "WHERE in_flight OR request IS NOT NULL"
            )

    def changed(self) -> None:
        """Count anew and deliver what waits, after others have changed the rows."""
        self._backlogs.clear()
        if self._stores.is_open and self.on_put is not None:
            for queue in self._stores.named("queue"):
                self.on_put(queue)
