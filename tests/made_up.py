"""Articles for the tests, put together from phrases of our own: enough of them to train a small head on."""

import json
from itertools import product
from pathlib import Path

PHRASES = {
    "hep-th": (["black hole horizons", "gauge fields", "string vacua"], ["in curved spacetime", "near criticality"]),
    "math.NT": (["prime gaps", "modular forms", "elliptic curves"], ["over finite fields", "of small conductor"]),
    "cs.DS": (["shortest paths", "hash tables", "streaming sketches"], ["with cache misses", "on sparse graphs"]),
    "q-bio.PE": (["predator prey cycles", "virus lineages", "gene flow"], ["in island populations", "under drift"]),
    "q-fin.PR": (["option smiles", "credit spreads", "swap rates"], ["with jumps", "under stochastic volatility"]),
    "stat.ME": (["shrinkage priors", "survival curves", "bootstrap tests"], ["with missing data", "in small samples"]),
    "eess.SP": (["radar echoes", "antenna arrays", "pilot symbols"], ["over fading channels", "at millimetre waves"]),
    "econ.TH": (["auction prices", "wage contracts", "matching markets"], ["with moral hazard", "under rationing"]),
}
TURNS = ["a new bound", "a numerical study", "an exact solution", "a counterexample", "a fast method", "a survey"]


def articles(n: int = 288) -> list[dict[str, str]]:
    """The first `n` of up to 288 records in the schema of arXiv's snapshot, all different, the groups in turn."""
    records = []
    for turn, place, subject in product(range(len(TURNS)), range(2), range(3)):
        for category, (subjects, places) in PHRASES.items():
            what, where = subjects[subject], places[place]
            records.append(
                {
                    "id": f"{2001 + turn}.{place}{subject}{len(records):03}",
                    "title": f"{TURNS[turn].capitalize()} for {what} {where}",
                    "abstract": f"We study {what} {where}. {TURNS[turn].capitalize()} is given, and its limits.",
                    "categories": category,
                    "update_date": f"{2001 + turn}-01-01",
                }
            )
    return records[:n]


def write_corpus(path: Path, n: int = 288) -> Path:
    """These articles as JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in articles(n)))
    return path
