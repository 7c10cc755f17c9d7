"""Embed a corpus of articles with a frozen encoder, once; `head.py` trains on the result.

    python embed.py CORPUS                                   # distilbert-base-cased, [CLS]
    python embed.py CORPUS --encoder all-MiniLM-L6-v2 --out mine/all-MiniLM-L6-v2      # bundled: needs no network

CORPUS is Kaggle's arxivData.json, arXiv's snapshot, or any CSV, TSV, JSON lines or Parquet file with columns for title,
abstract and categories; plain, gzip or xz. The arrays go to artifacts/<encoder>/, or where --out says. With the bundled
encoder about 40 articles a second go into the cache on two cores, all views included: 40,000 articles take about twenty
minutes, with four for the TF-IDF model first. Interrupted, run the same command again: it resumes where it was. With
--engine ray many processes share the work, those of a cluster where RAY_ADDRESS names one: docs/scale.md.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from spheres.data.corpus import Corpus
from spheres.data.readers.problems import check_file
from spheres.data.views import VIEWS
from spheres.embeddings.cache import STORES
from spheres.embeddings.engine import ENGINES
from spheres.encoder.encoder import PRECISIONS
from spheres.encoder.hub import DISTILBERT, MAX_LENGTH, POOLINGS, find_encoder
from spheres.errors import SphereError
from spheres.model.head_files import ARTIFACTS


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="embed.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="the file of articles")
    parser.add_argument(
        "--encoder",
        default=DISTILBERT.name,
        metavar="NAME_OR_FOLDER",
        help="all-MiniLM-L6-v2 (bundled), a Hugging Face Hub id, or a folder (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where the arrays go; its last part must be the encoder's name, by which app.py and head.py find it "
        "(default: artifacts/<encoder>, beside embed.py)",
    )
    parser.add_argument(
        "--pooling",
        choices=POOLINGS,
        help="how an article's token vectors become one: the first (cls), their mean, or both (default: mean for the "
        "bundled encoder, else cls)",
    )
    parser.add_argument(
        "--sample",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="embed only this share of the articles (default: all)",
    )
    for part in ("title", "abstract"):
        manual = f"the column of CORPUS with the {part}s (default: found by its name)"
        parser.add_argument(f"--{part}-column", metavar="NAME", help=manual)
    parser.add_argument("--max-length", type=int, metavar="N", help=f"tokens read at most (default: {MAX_LENGTH})")
    _how_it_is_computed(parser.add_argument)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace arrays made by other settings or another corpus"
    )
    parser.add_argument("--quiet", action="store_true", help="print only errors, and no progress bar")
    return parser.parse_args(arguments)


def _how_it_is_computed(add: Callable[..., object]) -> None:
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto: bf16 where the processor computes in it, else fp32",
    )
    add(
        "--store",
        choices=STORES,
        help="how vectors are kept (default: float16 after bf16, float32 after fp32; int8 is a quarter of float32)",
    )
    add(
        "--views",
        nargs="+",
        choices=VIEWS,
        default=VIEWS,
        help="whole articles are always embedded; title and abstract alone serve training and measuring (default: all)",
    )
    add(
        "--engine",
        choices=ENGINES,
        default="local",
        help="local: this process; ray: many, here or on a cluster, needs `pip install -r requirements/ray.txt`",
    )


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    try:
        # 1. what is wrong with the options is said before anything heavy is imported
        check_file(args.corpus)
        spec = find_encoder(args.encoder, args.pooling, args.max_length)
        columns = {"title_column": args.title_column, "abstract_column": args.abstract_column}
        corpus = Corpus(args.corpus, sample=args.sample, **columns)
        # 2. the embeddings
        from tqdm import tqdm

        from spheres.embeddings.build import Settings, embed_corpus

        embed_corpus(
            corpus,
            spec,
            args.out or ARTIFACTS / spec.name,
            settings=Settings(args.precision, args.store, tuple(args.views), engine=args.engine),
            overwrite=args.overwrite,
            log=(lambda sentence: None) if args.quiet else print,
            progress_bar=partial(
                tqdm, desc="embedding", unit=" texts", disable=args.quiet, smoothing=0.05, dynamic_ncols=True
            ),
        )
    except SphereError as e:
        print(f"embed.py: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("embed.py: stopped; run the same command again to go on from the last whole shard.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
