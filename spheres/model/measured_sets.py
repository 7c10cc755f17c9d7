"""What prediction sets did on test articles at each threshold, as a head's manifest keeps it; without torch.

measured = MeasuredSets(manifest["measured"])
measured.at("both", "coverage", 0.95, ARXIV)         # (0.957, 1.38): coverage and mean set size
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
        for at, covered, size in self.tables.get(prior.name, {}).get(view, {}).get(rule, []):
            if abs(at - threshold) < 0.005:
                return float(covered), float(size)
        return None
