"""Settings of producers and consumers, as they are given, compared and refused."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.resources.queues.kinds import ConsumerKind, QueueKind
from workernb.runtime.services.diffs import describe_change


def definition(runtime, **settings):
    runtime.define("web", "", **settings)
    return runtime.services["web"].definition


@pytest.mark.parametrize(
    "settings",
    [
        {"queues": {"JOBS": "jobs"}, "consumers": {"jobs": {"max_retries": 1}}},
        {"queues": [{"binding": "JOBS", "queue": "jobs"}],
         "consumers": [{"queue": "jobs", "max_retries": 1}]},
        {"queues": {"producers": [{"binding": "JOBS", "queue": "jobs"}],
                    "consumers": [{"queue": "jobs", "max_retries": 1, "type": "worker"}]}},
        {"queues": {"JOBS": '{"queue": "jobs"}'}, "consumers": {"jobs": '{"max_retries": 1}'}},
    ],
)  # fmt: skip
def test_the_forms_in_which_they_are_given(runtime, settings):
    defined = definition(runtime, **settings)
    assert defined.of_kind(QueueKind()) == {"JOBS": "jobs"}
    assert defined.of_kind(ConsumerKind()) == {"jobs": {"max_retries": 1}}
    again = definition(runtime, **defined.given_bindings())
    assert again.bindings == defined.bindings


@pytest.mark.parametrize("given", ["jobs", ["jobs"], {"jobs": None}, {"jobs": {}}])
def test_a_consumer_with_the_default_settings(runtime, given):
    assert definition(runtime, consumers=given).of_kind(ConsumerKind()) == {"jobs": {}}


def test_a_delay_of_a_producers_own(runtime):
    producers = [{"binding": "JOBS", "queue": "jobs", "delivery_delay": 60}]
    defined = definition(runtime, queues=producers)
    assert defined.of_kind(QueueKind()) == {"JOBS": {"queue": "jobs", "delivery_delay": 60}}
    kind = QueueKind()
    assert kind.for_wrangler(defined.of_kind(kind)) == {"queues": {"producers": producers}}
    assert definition(runtime, **defined.given_bindings()).bindings == defined.bindings
    assert definition(runtime, queues={"JOBS": {"queue": "jobs"}}).bindings == {
        "queues": {"JOBS": "jobs"}
    }


def test_wranglers_consumers():
    kind = ConsumerKind()
    values = kind.check([{"queue": "jobs", "max_batch_size": 5, "dead_letter_queue": "failed"}])
    rows = [{"queue": "jobs", "max_batch_size": 5, "dead_letter_queue": "failed"}]
    assert kind.for_wrangler(values) == {"queues": {"consumers": rows}}
    assert kind.for_wrangler({}) == {}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"queues": {"JOBS": ""}}, "'' is no name for a queue"),
        ({"queues": {"JOBS": "a b"}}, "'a b' is no name for a queue"),
        ({"queues": {"JOBS": "x" * 64}}, "is no name for a queue: it has 1 to 63 letters"),
        ({"queues": [{"binding": "JOBS"}]}, '"queues[0]" bindings should have a string "queue"'),
        ({"queues": {"JOBS": {"queue": "jobs", "delay": 1}}}, "A queue has no setting 'delay'."),
        ({"queues": {"JOBS": {"queue": "jobs", "delivery_delay": 90_000}}}, "delivery_delay is a"),
        ({"queues": {"JOBS": "{"}}, "The queue of JOBS is no JSON"),
        ({"queues": {"consumers": [{"queue": "a"}]}, "consumers": {"b": {}}},
         "consumers are given twice: by themselves, and within an object."),
        ({"consumers": 5}, "consumers is a dict, consumers={"),
        ({"consumers": [5]}, "A consumer has a queue: {'queue': 'jobs'}, not 5."),
        ({"consumers": [{"queue": "jobs", "type": "http_pull"}]},
         "A consumer of type 'http_pull' is not simulated: a Worker consumes 'jobs'."),
        ({"consumers": {"jobs": 5}}, "The consumer of jobs has settings"),
        ({"consumers": {"jobs": "{"}}, "The settings of the consumer of jobs are no JSON"),
        ({"consumers": {"jobs": {"max_batch": 5}}}, "The consumer of jobs has no setting"),
        ({"consumers": {"jobs": {"max_batch_size": 0}}},
         "max_batch_size of the consumer of jobs is a whole number from 1 to 100, not 0."),
        ({"consumers": {"jobs": {"max_batch_size": True}}}, "a whole number from 1 to 100"),
        ({"consumers": {"jobs": {"max_batch_timeout": 61}}}, "a whole number from 0 to 60"),
        ({"consumers": {"jobs": {"max_retries": 101}}}, "a whole number from 0 to 100"),
        ({"consumers": {"jobs": {"max_concurrency": 251}}}, "a whole number from 1 to 250"),
        ({"consumers": {"jobs": {"retry_delay": 86_401}}}, "a whole number from 0 to 86,400"),
        ({"consumers": {"jobs": {"dead_letter_queue": "jobs"}}},
         "The dead letter queue of jobs is jobs itself."),
        ({"consumers": {"jobs": {"dead_letter_queue": "failed"},
                        "failed": {"dead_letter_queue": "jobs"}}},
         "Dead letters go in a circle: jobs → failed → jobs."),
    ],
)  # fmt: skip
def test_what_is_refused(runtime, settings, text):
    with pytest.raises(UsageError) as raised:
        runtime.define("web", "", **settings)
    assert text in str(raised.value), raised.value
    assert "web" not in runtime


def test_a_slip_gets_a_remedy(runtime):
    with pytest.raises(UsageError) as raised:
        runtime.define("web", "", consumers={"jobs": {"max_batch_sizes": 5}})
    assert "Did you mean max_batch_size" in raised.value.__notes__[0]


def test_dead_letters_in_a_circle_of_two_workers(runtime):
    runtime.define("one", "", consumers={"a": {"dead_letter_queue": "b"}})
    with pytest.raises(UsageError, match="in a circle: a → b → a"):
        runtime.define("two", "", consumers={"b": {"dead_letter_queue": "a"}})
    runtime.define("two", "", consumers={"b": {"dead_letter_queue": "c"}})


def test_a_consumer_is_not_on_env(runtime):
    runtime.define("web", "", consumers={"jobs": {}}, vars={"jobs": "a var of that name"})
    assert runtime.services["web"].version.env.jobs == "a var of that name"


def test_changes_and_differences(runtime):
    before = definition(runtime, queues={"JOBS": "jobs"})
    runtime.change("web", consumers={"jobs": {"max_batch_size": 5}})
    after = runtime.services["web"].definition
    assert describe_change(before, after) == "consumer of jobs: max_batch_size 5 is new"
    assert before.fingerprint() != after.fingerprint()
    runtime.change("web", remove=["jobs", "JOBS"])
    assert not runtime.services["web"].definition.bindings.get("consumers")
    summary = runtime.history[-1].summary
    assert "consumer of jobs: max_batch_size 5 is removed" in summary


def test_an_environment_inherits_neither(runtime):
    both = {"queues": {"JOBS": "jobs"}, "consumers": {"jobs": {}}}
    top_level = definition(runtime, **both)
    runtime.define("web", "", environment="staging", queues={"JOBS": "other"})
    staging = runtime.services["web-staging"].definition
    assert staging.of_kind(ConsumerKind()) == {}
    assert staging.inheritance_warnings(top_level) == []
    runtime.define("web", "", environment="staging")
    bare = runtime.services["web-staging"].definition
    (warning,) = bare.inheritance_warnings(top_level)
    assert warning.startswith('"queues" exists at the top level, but not on "env.staging".')
