"""Measure speed and memory beside other libraries, in the same run, on the same articles.

    python -m benchmarks embedding --corpus FILE      # one table, and benchmarks/results/embedding.json
    python -m benchmarks all --corpus FILE            # those of speed and memory, 36 minutes
    python -m benchmarks check                        # which ratios fell by over 15 % on this kind of processor
    python -m benchmarks keep                         # make the latest results the baseline, and the tables in docs/

The other libraries need `pip install -r benchmarks/requirements.txt`. Let nothing else run meanwhile.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.baseline import check, fill_document, keep
from spheres.errors import SphereError

BENCHMARKS = {
    "embedding": "articles a second, beside sentence-transformers and the textbook loop",
    "bulk": "predict over a file beside the bare encoder, and memory as the file grows",
    "precision": "what bf16 changes: vectors, and figures of the shipped head on the test articles",
    "shape": "the same for DistilBERT's shape, with random weights",
    "live": "one article over HTTP, the slider, an explanation, neighbours",
    "start": "from `python app.py` to the first page, and memory after 100 classifications",
    "training": "the head, beside scikit-learn's MLPClassifier",
    "growth": "1 k to 100 k articles: rate and peak memory; neighbours over 40 k and 1 M vectors",
    "scaling": "embed.py's local engine beside Ray's, and Ray's while workers are killed",
    "dirt": "answers that change where texts come spoiled by exporters, PDFs and web pages, with and without `plain`",
    "users": "1, 8 and 32 clients at once, and the queue's bound",
}
OF_ANSWERS = ("precision", "dirt")  # that measure what is answered, which no machine changes: not among `all`


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    try:
        if args.what == "check":
            return check()
        if args.what == "keep":
            keep()
            fill_document()
            return 0
        if sys.dont_write_bytecode:
            raise SphereError(
                "PYTHONDONTWRITEBYTECODE is set, so every process would compile what it imports and start at half its "
                "speed: unset it, then run this again."
            )
        everything = [name for name in BENCHMARKS if name not in OF_ANSWERS]
        for name in everything if args.what == "all" else [args.what]:
            table = import_module(f"benchmarks.{name}").run(args.corpus, args.quick)
            table.quick = args.quick
            print(f"\n## {name}: {BENCHMARKS[name]}\n\n{table.markdown()}\n", flush=True)
            print(f"Wrote {table.save()}.", flush=True)
    except SphereError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    return 0


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    names = "\n".join(f"  {name:10} {about}" for name, about in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=[*BENCHMARKS, "all", "check", "keep"], metavar="WHAT")
    parser.add_argument("--corpus", type=Path, metavar="FILE", help="articles to measure on (or set SPHERES_CORPORA)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the articles: does it run, not how fast")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
