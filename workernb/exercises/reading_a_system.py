"""The exercises of the notebook 05, reading a system."""

from __future__ import annotations

import hashlib

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask, called, target_of, trace_of

_OLD_KEY = "open-sesame"


async def _buy(runtime: Runtime, item: str) -> tuple[int, str]:
    key = runtime.services["auth"].definition.secrets["SESSION_KEY"]
    answer = await ask(
        runtime, "web", f"http://web.localhost/buy/{item}", headers={"x-session": key}
    )
    return answer.status, await answer.text()


async def _mail(runtime: Runtime) -> Claims:
    target = target_of(runtime, "cart", "MAIL")
    yield "MAIL of cart leads to a Worker that is there", target in runtime
    status, text = await _buy(runtime, "tea")
    yield "tea can be bought", (status, text[:12]) == (200, "Bought: one ")


async def _no_sale(runtime: Runtime) -> Claims:
    for name in ("catalog", "cart"):
        yield f"PRICES of {name} leads to prices", target_of(runtime, name, "PRICES") == "prices"
    shown = await (await ask(runtime, "web")).text()
    yield "a pot costs 24 EUR again", "pot: 24 EUR" in shown


async def _new_key(runtime: Runtime) -> Claims:
    key = runtime.services["auth"].definition.secrets["SESSION_KEY"]
    yield "SESSION_KEY is another one", key != _OLD_KEY
    url = "http://web.localhost/buy/tea"
    old = await ask(runtime, "web", url, headers={"x-session": _OLD_KEY})
    yield "the old one is refused with 401", old.status == 401
    yield "with the new one tea can be bought", (await _buy(runtime, "tea"))[0] == 200


async def _quick(runtime: Runtime) -> Claims:
    first, second = await trace_of(runtime, "catalog"), await trace_of(runtime, "catalog")
    yield "the catalog answers", second.outcome == "ok"
    answer = await (await ask(runtime, "catalog")).text()
    yield "it shows the same pictures", all(_picture(i) in answer for i in ("tea", "cup", "pot"))
    spent = called(second, "catalog")[0].cpu_ms
    slowest = max(called(first, "catalog")[0].cpu_ms, 2.0)
    yield (
        f"a second request to it takes {spent:.2f} ms of its CPU, less than 1 ms",
        (spent < 1 and spent <= slowest),
    )
    yield "it still asks for the prices", len(called(second, "prices")) == 3


def _picture(item: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", item.encode(), b"shop", 3_000).hex()[:6]


async def _stock(runtime: Runtime) -> Claims:
    yield "there is a Worker stock", "stock" in runtime
    bound = [
        name
        for name, service in runtime.services.items()
        if service.versions
        and any(target.service == "stock" for target in service.definition.services.values())
    ]
    yield "cart is bound to it, and nobody else", bound == ["cart"]
    trace = await trace_of(runtime, "cart", "http://cart/cup")
    asked, billed = called(trace, "stock"), called(trace, "mail")
    yield (
        "cart asks it about a cup before the bill is sent",
        bool(asked) and (not billed or asked[0].began_ns < billed[0].began_ns),
    )


_MAIL = """%%worker mail --quiet
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("to", await request.text())
        return Response("sent")
"""
_CATALOG = """%%worker catalog --bind PRICES=prices --quiet
import functools
import hashlib

from workers import Response, WorkerEntrypoint

@functools.cache
def picture(item):
    return hashlib.pbkdf2_hmac("sha256", item.encode(), b"shop", 3_000).hex()[:6]

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        lines = []
        for item in ("tea", "cup", "pot"):
            price = await self.env.PRICES.fetch(f"http://prices/{item}")
            lines.append(f"{item}: {await price.text()} {picture(item)}")
        return Response("\\n".join(lines))
"""
_STOCK = """%%worker stock --quiet
from workers import Response, WorkerEntrypoint

CUPS = {"cup": 3}

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        item = request.url.rsplit("/", 1)[1]
        if CUPS.get(item, 1) <= 0:
            return Response(f"no {item} left", status=409)
        return Response("there")
"""
_CART = """%%worker cart --bind PRICES=prices --bind MAIL=mail --bind STOCK=stock --quiet
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        item = request.url.rsplit("/", 1)[1]
        price = await self.env.PRICES.fetch(f"http://prices/{item}")
        if price.status != 200:
            return price
        there = await self.env.STOCK.fetch(f"http://stock/{item}")
        if there.status != 200:
            return there
        bill = f"one {item}, {await price.text()}"
        await self.env.MAIL.fetch("http://mail/", method="POST", body=bill)
        return Response(f"Bought: {bill}")
"""

lesson = Lesson(
    Exercise(
        "A binding looks its Worker up when it is called, so a Worker that is defined again needs "
        "no change of those that call it.",
        [_MAIL],
        _mail,
    ),
    Exercise(
        "%rollback NAME lets the version before serve again.",
        ["%rollback catalog", "%rollback cart"],
        _no_sale,
    ),
    Exercise(
        "%bindings auth shows the editor; %secret auth SESSION_KEY=… does it in one line.",
        ["%secret auth SESSION_KEY=close-sesame", "%workers auth"],
        _new_key,
    ),
    Exercise(
        "Keep each picture in a dict of the module, or put functools.cache on a function that "
        "draws it. The first request after a change of the version pays for all of them.",
        [_CATALOG, "%fetch catalog", "%fetch catalog"],
        _quick,
    ),
    Exercise(
        "Who sends the bill has to know first: cart. Ask stock after the price, and before MAIL.",
        [_STOCK, _CART, "%graph"],
        _stock,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
