"""Every benchmark imports, and can be chosen; what one measures takes minutes, and runs by hand."""

from importlib import import_module

import pytest

from benchmarks.__main__ import BENCHMARKS, parse_arguments
from benchmarks.live import check_show_needs_no_encoder
from spheres.data.text import Text
from spheres.inference.classifier import Classifier


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_can_be_chosen_and_run(name: str) -> None:
    assert parse_arguments([name, "--quick"]).what == name
    assert callable(import_module(f"benchmarks.{name}").run)


def test_what_is_no_benchmark_cannot_be_chosen() -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["nothing"])


def test_the_slider_is_measured_on_an_answer_that_no_encoder_is_asked_for_again(classifier: Classifier) -> None:
    check_show_needs_no_encoder(classifier, Text("Prime gaps and the zeros of L-functions", ""))
