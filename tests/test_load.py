"""The load test: a short form of it, and that it reports what must not happen.

python -m benchmarks.load --corpus FILE      # the long form: 50 visitors, ten minutes
"""

import random

import pytest
from made_up import articles

from benchmarks.actions import ACTIONS, ExpectedAnswers, SimulatedVisitor, WrongAnswer
from benchmarks.load import Load, run_load

TEXTS = [(article["title"], article["abstract"]) for article in articles(48)]


def test_every_visitor_gets_the_right_answers_and_the_server_stays_fast(capsys):
    load = run_load(TEXTS, minutes=0.1, clients=12)
    with capsys.disabled():
        print(f"\n{load.table().markdown()}")
    assert load.problems(most_growth=0.5) == []  # within seconds, caches are still being filled


def a_load(megabytes: list[float]) -> Load:
    load = Load(1, 1, megabytes=megabytes)
    for outcomes in load.actions.values():
        outcomes.seconds.append(1.0)
    return load


def test_memory_that_grows_is_a_problem_and_memory_of_the_start_is_none():
    assert a_load([500, 700, 700, 710, 700, 700, 690, 705, 700, 700]).problems() == []
    [problem] = a_load([700 + 10 * i for i in range(20)]).problems()
    assert "memory grew" in problem


def test_whatever_failed_is_a_problem():
    load = a_load([1.0] * 9)
    load.actions["slide"].failures.append("OSError: gone")
    load.actions["file"].wrong.append("another's row")
    load.actions["classify"].refused.append("Queue is full")  # which is no problem
    load.after = (0.1, 3.0)
    load.log = "Traceback (most recent call last)"
    assert [problem.split(":")[0] for problem in load.problems()] == [
        "slide failed",
        "file was answered wrongly",
        "afterwards the page took 0.1 s and an answer 3.0 s",
        "the server's log holds 1 tracebacks",
    ]


def test_an_action_that_never_succeeded_is_a_problem():
    assert len(Load(1, 1, megabytes=[1.0]).problems()) == len(ACTIONS)


def test_a_visitor_reports_the_answer_to_another_text():
    own, others = {"physics": 0.9, "math": 0.1}, {"physics": 0.1, "math": 0.9}
    full = [dict.fromkeys(("cs", "q-bio", "q-fin", "stat", "eess", "econ"), 0.0) | answer for answer in (own, others)]
    visitor = SimulatedVisitor(1, ExpectedAnswers(TEXTS[:2], full, {}), random.Random(0))
    visitor.check(0, full[0])
    with pytest.raises(WrongAnswer):
        visitor.check(0, full[1])
