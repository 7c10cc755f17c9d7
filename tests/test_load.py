"""The load test itself: a short form of it, and that it would notice what it looks for.

python -m benchmarks.load --corpus FILE      # the long form: 50 visitors, ten minutes
"""

import random

import pytest
from made_up import articles

from benchmarks.acts import ACTS, Client, Known, Wrong
from benchmarks.load import Load, put_under_load

TEXTS = [(article["title"], article["abstract"]) for article in articles(48)]


def test_a_crowd_gets_its_own_answers_and_leaves_the_server_as_it_was(capsys):
    load = put_under_load(TEXTS, minutes=0.1, clients=12)
    with capsys.disabled():
        print(f"\n{load.table().markdown()}")
    assert load.complaints(most_growth=0.5) == []  # in seconds, memory is still met for the first time


def a_load(megabytes: list[float]) -> Load:
    load = Load(1, 1, megabytes=megabytes)
    for seen in load.acts.values():
        seen.seconds.append(1.0)
    return load


def test_memory_that_grows_is_a_complaint_and_memory_of_the_start_is_none():
    assert a_load([500, 700, 700, 710, 700, 700, 690, 705, 700, 700]).complaints() == []
    [said] = a_load([700 + 10 * i for i in range(20)]).complaints()
    assert "memory grew" in said


def test_whatever_failed_is_a_complaint():
    load = a_load([1.0] * 9)
    load.acts["slide"].failures.append("OSError: gone")
    load.acts["file"].wrong.append("another's row")
    load.acts["classify"].refused.append("Queue is full")  # the queue's own message is none
    load.after = (0.1, 3.0)
    load.log = "Traceback (most recent call last)"
    assert [said.split(":")[0] for said in load.complaints()] == [
        "slide failed",
        "file was answered wrongly",
        "afterwards the page took 0.1 s and an answer 3.0 s",
        "the server's log holds 1 tracebacks",
    ]


def test_an_act_that_nobody_did_is_a_complaint():
    assert len(Load(1, 1, megabytes=[1.0]).complaints()) == len(ACTS)


def test_a_visitor_notices_anothers_answer():
    own, others = {"physics": 0.9, "math": 0.1}, {"physics": 0.1, "math": 0.9}
    full = [dict.fromkeys(("cs", "q-bio", "q-fin", "stat", "eess", "econ"), 0.0) | answer for answer in (own, others)]
    client = Client(1, Known(TEXTS[:2], full, {}), random.Random(0))
    client.check(0, full[0])
    with pytest.raises(Wrong):
        client.check(0, full[1])
