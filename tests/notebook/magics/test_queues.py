"""Queues in cells: options, tables, pictures, links between requests."""

from __future__ import annotations

import pytest

import workernb
from workernb import BindingEditor
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.tree import TracePicture

from ..conftest import cell

SEND = "await self.env.JOBS.send({'token': 's3cret-token', 'html': '<b>'}); return Response('sent')"
WORKER = """\
%%worker worker -q --consume 'jobs{"max_batch_timeout": 5, "max_retries": 0, \
"dead_letter_queue": "failed"}'
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def queue(self, batch, env, ctx):
        print("got", len(batch.messages))
        if batch.messages[0].body == "bad":
            raise ValueError("bad")
"""


@pytest.fixture
async def system(shell):
    shown = await shell.ok(cell("shop --queue JOBS=jobs --secret TOKEN=s3cret-token", SEND))
    assert "JOBS → queue jobs" in shown.text
    shown = await shell.ok(WORKER.replace(" -q", ""))
    assert "consumes queue jobs" in shown.text
    return shell


async def test_a_message_is_delivered_and_linked(system):
    await system.ok("%fetch -s shop")
    shown = await system.ok("%stores queue jobs")
    assert "queue jobs: 1 waiting, 0 delayed, 0 in flight, 0 dead" in shown.text
    assert "waiting, json" in shown.text
    assert "s3cret-token" not in shown.text
    assert "&lt;b&gt;" in shown.displays[-1]["text/html"]
    assert "a batch of the queue jobs for worker" in (await system.ok("%clock")).text
    moved = await system.ok("%clock +5s")
    assert "got 1" in moved.text
    assert "worker: queue jobs, 1 message" in moved.text
    assert "by the queue jobs, sent by request 1" in moved.text
    runtime = workernb.get_runtime()
    sender, handler = runtime.traces
    assert "✉ handled by request 2, worker: queue jobs, 1 message" in TracePicture(sender).text()
    assert "✉ sent by request 1, GET http://shop.localhost/" in TracePicture(handler).text()
    assert "✉ sent by request 1" in CpuPicture(handler).text()
    assert "✉ handled by request 2" in TracePicture(sender).svg()
    listed = (await system.ok("%requests")).text
    assert "by the queue jobs, sent by request 1" in listed


async def test_dead_letters_are_shown_and_cleared(system):
    await system.ok("await workernb_stores().queue('jobs').send('bad')"
                    .replace("workernb_stores()", "__import__('workernb').get_runtime().stores"),
                    "%clock +5s")  # fmt: skip
    assert "1 dead" in (await system.ok("%stores queue jobs")).text
    listed = " ".join((await system.ok("%stores")).text.split())
    assert "queue failed 1 message 5 B" in listed
    assert "queue jobs – – shop.JOBS, worker (consumer)" in listed
    assert '"bad"' in (await system.ok("%stores queue failed")).text
    assert "queue failed: 1 deleted." in (await system.ok("%stores queue failed --clear")).text
    assert "0 dead: empty" in (await system.ok("%stores queue failed")).text
    refused = await system.run("%stores queue job")
    assert "There is nothing in the queue 'job', and no Worker has it." in refused.text
    assert "Did you mean jobs?" in refused.text


async def test_the_graph_has_the_queues_between_producers_and_consumers(system):
    await system.ok("%fetch -s shop", "%clock +5s")
    picture = GraphPicture(workernb.get_runtime())
    assert picture.text().splitlines() == [
        "shop (v1 · private · 1 secret · 1 request · "
        + picture.text().splitlines()[0].rpartition("request · ")[2],
        "  ──JOBS──▶ queue jobs  1×",
        "worker (v1 · private · 1 request · "
        + picture.text().splitlines()[2].rpartition("request · ")[2],
        "queue jobs (queue)",
        "  ──batches──▶ worker  1×",
        "  ──dead letters──▶ queue failed",
        "queue failed (queue)",
    ]
    assert "jobs: queue" in picture.inline_svg()
    columns = picture.layout.places
    assert columns["shop"].column < columns["queue jobs"].column < columns["worker"].column


async def test_it_is_in_tables_differences_history_and_the_editor(system):
    assert "JOBS=jobs" in (await system.ok("%workers")).text
    assert "consumes jobs" in (await system.ok("%workers")).text
    assert "consumer, max_batch_timeout 5" in (await system.ok("%workers worker")).text
    await system.ok(WORKER.replace('"max_retries": 0', '"max_retries": 1'))
    assert (
        "consumer of jobs: max_batch_timeout 5, max_retries 0"
        in (await system.ok("%diff worker v1 v2")).text
    )
    assert "max_retries 1" in (await system.ok("%workers worker --history")).text
    editor = BindingEditor("worker", workernb.get_runtime())
    (row,) = [each.children[0].value for each in editor._rows.children]
    assert row.startswith("<b>jobs</b> ← consumer, max_batch_timeout 5")
    (form,) = [form for form in editor._forms.children if form.label == "Consumer"]
    editor._rows.children[0].children[1].click()
    assert form.value.value.startswith('{"max_batch_timeout": 5')
    form.value.value = '{"max_batch_size": 3}'
    form.button.click()
    settings = workernb.get_runtime().services["worker"].definition.bindings["consumers"]
    assert settings == {"jobs": {"max_batch_size": 3}}
    editor.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--queue JOBS", "write --queue JOBS=jobs, not 'JOBS'"),
        ("--consume 'jobs{'", "--consume"),
        ("--consume '{\"a\": 1}'", "write --consume"),
        ('--consume \'jobs{"dead_letter_queue": "jobs"}\'', "is jobs itself"),
        ("--consume jobs --consume jobs", "--consume"),
    ],
)
async def test_what_is_refused(shell, options, says):
    outcome = await shell.run(cell(f"web {options}"))
    assert says in outcome.text
    assert "web" not in workernb.get_runtime()


async def test_a_queue_with_dashes_and_default_settings(shell):
    await shell.ok(cell("web -q --consume my-jobs"))
    bindings = workernb.get_runtime().services["web"].definition.bindings
    assert bindings == {"consumers": {"my-jobs": {}}}


async def test_a_tail_gets_the_event(shell):
    await shell.ok(
        WORKER.replace("-q", "-q --tail watcher"),
        "%%worker watcher -q\n"
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def tail(self, events, env, ctx):\n"
        "        print('tail', events[0].event.queue, events[0].event.batchSize)\n",
        "await __import__('workernb').get_runtime().stores.queue('jobs').send(1)",
    )
    await shell.ok("%clock +5s", "import asyncio\nawait asyncio.sleep(0.05)")
    assert "tail jobs 1" in (await shell.ok("%logs watcher")).text


def test_batches_and_crons_come_between_cells(kernel):
    kernel.ok("%load_ext workernb")
    kernel.ok(
        '%%worker worker -q --consume \'jobs{"max_batch_timeout": 0}\' --cron "* * * * *"\n'
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def queue(self, batch, env, ctx):\n"
        "        print('between cells')\n"
        "    async def scheduled(self, controller, env, ctx):\n"
        "        print('a minute is over')\n"
    )
    sent = kernel.ok(
        "import workernb\nruntime = workernb.get_runtime()\n"
        "await runtime.stores.queue('jobs').send(1)"
    )
    assert "between cells" not in sent.text  # It is in the logs only.
    assert logged(kernel, "between cells")
    kernel.ok(
        "(timer,) = runtime.clock.due\n"
        "await runtime.clock.advance(timer.when - runtime.clock.now() - 0.2)"
    )
    assert logged(kernel, "a minute is over")


def logged(kernel, text):
    """Run cells until a Worker has logged a text; return whether it has."""
    return any(text in kernel.ok("%logs worker").text for _ in range(1000))
