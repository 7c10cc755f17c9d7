"""What prediction sets did on test articles at each threshold, as a head's manifest keeps it; without torch.

measured = MeasuredSets(manifest["measured"])
measured.at("both", "coverage", 0.95, ARXIV)         # (0.951, 1.42): coverage and mean set size
measured.acts_from("both", "coverage", ARXIV)        # 0.8: below, no set is smaller
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it brings numpy along
    from spheres.model.prior import Prior


@dataclass(frozen=True)
class MeasuredSets:
    """Coverage and size of sets, by prior, view and rule.

    Attributes:
        tables: Prior's name -> view -> rule -> rows of (threshold, coverage, mean set size), as
            `spheres.model.evaluate.measure_sets` makes them; the thresholds rise.
    """

    tables: Mapping[str, Any]

    def at(self, view: str, rule: str, threshold: float, prior: Prior) -> tuple[float, float] | None:
        """What sets at this threshold did.

        Returns:
            The share of articles whose primary group was in the set, and the mean number of groups in it; None where
            that was not measured.
        """
        for at, covered, size in self._table(view, rule, prior):
            if abs(at - threshold) < 0.005:
                return covered, size
        return None

    def acts_from(self, view: str, rule: str, prior: Prior) -> float:
        """The threshold from which on sets grow: at any lower one they are as small as there.

        >>> from spheres.model.prior import ARXIV
        >>> table = [[0.5, 0.9, 1.0], [0.6, 0.9, 1.0], [0.7, 0.95, 1.2]]
        >>> MeasuredSets({"arxiv": {"both": {"sum": table}}}).acts_from("both", "sum", ARXIV)
        0.6
        """
        from spheres.model.prediction_sets import MIN_THRESHOLD  # it brings numpy along

        found = self._table(view, rule, prior)
        return float(max((at for at, _, size in found if size == found[0][2]), default=MIN_THRESHOLD))

    def _table(self, view: str, rule: str, prior: Prior) -> list[tuple[float, float, float]]:
        rows: list[tuple[float, float, float]] = self.tables.get(prior.name, {}).get(view, {}).get(rule, [])
        return rows
