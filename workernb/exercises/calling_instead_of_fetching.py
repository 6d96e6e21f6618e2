"""The exercises of the notebook 08, calling instead of fetching."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, logged, traces_of


async def _remove(runtime: Runtime) -> Claims:
    cart = await runtime["carts"].call("cart", "Zoe")
    try:
        await cart.add("lamp")
        await cart.remove("lamp")
        yield "a cart from which its one thing is removed is empty", await cart.count == 0
    finally:
        cart.dispose()
    await runtime["shop"].call("fill")
    methods = [one.describe() for one in traces_of(runtime, "shop")[-1].invocations]
    yield "fill of shop calls remove", any("remove" in method for method in methods)


async def _pair(runtime: Runtime) -> Claims:
    pair = await runtime["carts"].call("pair", "Zoe", "Max")
    yield "pair of carts returns a dict of two carts", isinstance(pair, dict) and len(pair) == 2
    for name, cart in pair.items():
        yield f"the cart {name!r} takes something", await cart.add("lamp") == 1
        cart.dispose()


async def _other_request(runtime: Runtime) -> Claims:
    refused = [trace for trace in traces_of(runtime, "shop") if logged(trace, "a stub Cart, ")]
    yield "a request to shop was refused a cart of another request", bool(refused)


_CARTS = """%%worker carts
from workers import WorkerEntrypoint, import_from_javascript

RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget

class Cart(RpcTarget):
    def __init__(self, owner):
        self.owner, self.items = owner, []

    async def add(self, item):
        self.items.append(item)
        return len(self.items)

    async def remove(self, item):
        self.items.remove(item)
        return len(self.items)

    @property
    def count(self):
        return len(self.items)

    def dispose(self):
        print(f"the cart of {self.owner} is put away, with {self.items}")

class Default(WorkerEntrypoint):
    async def cart(self, owner):
        return Cart(owner)

    async def pair(self, one, other):
        return {one: Cart(one), other: Cart(other)}
"""
_SHOP = """%%worker shop --bind CARTS=carts
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fill(self):
        with await self.env.CARTS.cart("Ada") as cart:
            await cart.add("lamp")
            await cart.add("chair")
            await cart.remove("lamp")
            return await cart.count

    async def fill_both(self):
        with await self.env.CARTS.pair("Ada", "Bob") as carts:
            return [await cart.add("lamp") for cart in carts.values()]
"""
_KEEPS = """%%worker shop --bind CARTS=carts
from workers import WorkerEntrypoint

kept = []

class Default(WorkerEntrypoint):
    async def fill(self):
        if not kept:
            kept.append(await self.env.CARTS.cart("Ada"))
        return await kept[0].add("lamp")
"""
_TWICE = """await shop.fill()
try:
    await shop.fill()
except Exception as error:
    print(error, *error.__notes__, sep="\\n")
"""
_PICKER = """%%worker picker
from workers import WorkerEntrypoint

kept = []

class Default(WorkerEntrypoint):
    async def pick(self, items, is_wanted):
        kept.append(is_wanted.dup())  # Without dup it would end with this call.
        return [item for item in items if await is_wanted(item)]
"""

lesson = Lesson(
    Exercise(
        "A method of Cart, and a call of it within the `with` of fill. items is an attribute of "
        "the instance, and only methods and properties of the class can be reached.",
        [_CARTS, _SHOP, "await shop.fill()"],
        _remove,
    ),
    Exercise(
        "A method pair(one, other) of carts that returns {one: Cart(one), other: Cart(other)}. The "
        "dict that arrives is a context manager too, and disposes what is in it.",
        [_CARTS, _SHOP, "await shop.fill_both()"],
        _pair,
    ),
    Exercise(
        "Call fill twice. A stub belongs to the request that it was received in, and ends with it.",
        [_CARTS, _KEEPS, _TWICE],
        _other_request,
    ),
    Exercise(
        "An argument is disposed as its call returns. dup() makes a stub of its own, which has to "
        "be disposed by whoever made it; but it still belongs to its request.",
        [_PICKER],
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
