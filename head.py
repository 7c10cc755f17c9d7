"""Train the head on cached embeddings, measure it, and classify files with it.

    python head.py train                                     # two minutes on two cores; overwrites the heads
    python head.py evaluate                                  # on articles that training never saw
    python head.py compare                                   # the study: what helps and what does not
    python head.py predict CORPUS --out FILE.jsonl           # one JSON object an article: id, probabilities, spheres
    python head.py predict CORPUS --out FILE.csv             # every column of CORPUS, and the answer beside it
    python head.py predict --title "Prime gaps"              # one article, answered in words; --json for programs

The embeddings come from `python embed.py CORPUS`. Without --encoder, distilbert-base-cased is taken where its
embeddings are there, else the bundled all-MiniLM-L6-v2. `predict`, interrupted, goes on where it was when the same
command is run again.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from spheres.data.readers.problems import check_file
from spheres.embeddings.engine import ENGINES, check_engine
from spheres.errors import SphereError
from spheres.model.head_files import ARTIFACTS, check_known, default_encoder, find_head
from spheres.model.prediction_sets import DEFAULT_RULE, RULES, check_threshold

BATCH_SIZE = 256  # articles between two steps of the progress bar of `predict`
SHOWN_PROBLEMS = 5
FIGURES = {
    "top1_primary": "most probable sphere is the article's primary group",
    "top1_heaviest": "most probable sphere is among the article's heaviest groups",
    "top1_any": "most probable sphere is among the article's groups",
    "macro_f1": "macro-F1 on the primary group",
    "kl": "KL divergence from the soft target (nats)",
    "nll": "negative log-likelihood of the primary group (nats)",
    "ece": "expected calibration error",
    "category_top1": "most probable category is the first-listed one",
    "category_top3": "first-listed category is among the three most probable",
    "category_top5": "first-listed category is among the five most probable",
    "category_any": "most probable category is among the article's categories",
}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="head.py", description=__doc__, formatter_class=raw)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    # 1. what every command takes
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--encoder",
        metavar="NAME_OR_FOLDER",
        help="whose embeddings and head (default: distilbert-base-cased where its embeddings (for predict: its head) "
        "are, else all-MiniLM-L6-v2)",
    )
    shared.add_argument(
        "--artifacts",
        type=Path,
        default=ARTIFACTS,
        metavar="FOLDER",
        help="where they are (default: artifacts, beside head.py)",
    )
    shared.add_argument("--quiet", action="store_true", help="print only errors")

    # 2. train
    command = commands.add_parser("train", parents=[shared], help="train the head on the cached embeddings")
    command.set_defaults(run=train)
    command.add_argument(
        "--recipe",
        choices=("best", "classic"),
        default="best",
        help="best, or classic: the encoder's vector alone and equal weight for every listing (default: best)",
    )
    command.add_argument("--seed", type=int, default=0, help="the same seed gives the same weights (default: 0)")

    # 3. evaluate
    command = commands.add_parser("evaluate", parents=[shared], help="measure the head on held-out articles")
    command.set_defaults(run=evaluate)
    command.add_argument(
        "--split",
        choices=("validation", "calibration", "test"),
        default="test",
        help="which articles to measure on (default: %(default)s)",
    )
    command.add_argument("--json", action="store_true", help="print everything as JSON, with figures for each group")

    # 4. compare
    manual = "run the study and write its report beside the embeddings"
    command = commands.add_parser("compare", parents=[shared], help=manual)
    command.set_defaults(run=compare)
    manual = "the file the embeddings were made from, for the sections on pooling and length"
    command.add_argument("--corpus", type=Path, metavar="FILE", help=manual)
    manual = "a corpus that one group dominates, such as Kaggle's arxivData.json"
    command.add_argument("--imbalanced", "--lopsided", type=Path, metavar="FILE", help=manual)

    # 5. predict
    command = commands.add_parser(
        "predict",
        parents=[shared],
        help="classify every article of a file, or one article",
        description="Classify every article of a file, or one article that is given by --title, --abstract, or both. "
        "A row of a file that cannot be read or has no text is named at the end, and stops none of the others.",
    )
    command.set_defaults(run=predict)
    command.add_argument(
        "corpus", type=Path, nargs="?", metavar="CORPUS", help="any format that embed.py reads; no labels needed"
    )
    command.add_argument("--title", metavar="TEXT", help="one article's title")
    command.add_argument("--abstract", metavar="TEXT", help="one article's abstract")
    command.add_argument("--json", action="store_true", help="print the one article's answer as /classify gives it")
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where the answers go: FILE.jsonl takes one JSON object an article; FILE.csv, FILE.tsv and FILE.xlsx "
        "take every column of CORPUS, then spheres, p_physics ... p_econ and note; FILE.ris and FILE.bib take the "
        "entries of such a CORPUS, the spheres among their keywords",
    )
    command.add_argument(
        "--keep-columns",
        action="store_true",
        help="with FILE.jsonl, keep every column of CORPUS and write a line for every row",
    )
    command.add_argument(
        "--threshold",
        type=float,
        default=0.95,
        help="above 0, at most 1; what it sets depends on --rule (default: %(default)s)",
    )
    command.add_argument(
        "--rule",
        choices=RULES,
        default=DEFAULT_RULE,
        help="what the threshold sets: coverage, the share of articles whose right sphere is among those named "
        "(default); sum, what the probabilities of the named spheres add up to, which takes more spheres",
    )
    command.add_argument(
        "--prior",
        choices=("arxiv", "equal", "file"),
        default="arxiv",
        help="how frequent each sphere is among such articles: as among arXiv's new articles (default), all alike, or "
        "as it is estimated from CORPUS itself, if it has 200 articles at least",
    )
    command.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="local: this process; ray: many, here or on a cluster, needs `pip install -r requirements/ray.txt`",
    )
    add_columns(command)
    return parser.parse_args(arguments)


def add_columns(command: argparse.ArgumentParser) -> None:
    """Add the options that correct which columns are read."""
    for part in ("title", "abstract"):
        manual = f"the column of CORPUS with the {part}s (default: found by its name)"
        command.add_argument(f"--{part}-column", metavar="NAME", help=manual)


def train(args: argparse.Namespace) -> None:
    """Train a head on the cached embeddings and save it beside them."""
    folder = artifacts_folder(args)
    from dataclasses import replace

    from spheres.embeddings.cache import open_cache
    from spheres.files.checkpoint import exclusive_lock, lock_of
    from spheres.model.fit import note_on_calibration
    from spheres.model.fit import train as train_on
    from spheres.model.prior import ARXIV
    from spheres.model.recipe import RECIPES

    log: Callable[[str], None] = (lambda sentence: None) if args.quiet else partial(print, flush=True)
    recipe = RECIPES[args.recipe]
    recipe = replace(recipe, training=replace(recipe.training, seed=args.seed))
    with exclusive_lock(lock_of(folder), folder, ""):  # nor may embed.py write now: they share the TF-IDF model
        cache = open_cache(folder)
        log(f"Training on {len(cache.split['train']):,} of {len(cache.ids):,} articles; 100,000 take some minutes.")
        bundle = train_on(cache, recipe)
        bundle.save(folder)
    whole = bundle.metrics["validation"][ARXIV.name]["both"]
    top = whole["figures"]["top1_primary"]
    log(
        f"The most probable sphere is the first-listed group of {top['value']:.1%} of {whole['articles']:,} validation "
        f"articles ({top['low']:.1%} to {top['high']:.1%} with 95 % confidence), title and abstract given."
    )
    if note := note_on_calibration(len(cache.split["calibration"])):
        log(note)
    log(f"Saved {folder / 'head.safetensors'}; `python head.py evaluate` has all figures, on test articles.")


def evaluate(args: argparse.Namespace) -> None:
    """Measure the saved head on one split."""
    folder = artifacts_folder(args)
    import json

    from spheres.embeddings.cache import open_cache
    from spheres.model.bundle import Bundle
    from spheres.model.evaluate import evaluate as evaluate_on

    cache, bundle = open_cache(folder), Bundle.load(folder)
    bundle.check_cache(cache)
    report = evaluate_on(cache, bundle, args.split)
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print_figures(report, args.split)


def compare(args: argparse.Namespace) -> None:
    """Run the study and write its report."""
    folder = artifacts_folder(args)
    for corpus in filter(None, (args.corpus, args.imbalanced)):
        check_file(corpus)
    from tqdm import tqdm

    from spheres.model.bundle import Bundle
    from spheres.study.ablations import gradient_ratio, prepare, run_study
    from spheres.study.report import write_report
    from spheres.study.test_set import evaluate_on_test

    log = (lambda sentence: None) if args.quiet else print
    bar = partial(tqdm, desc="embedding", unit=" texts", disable=args.quiet, dynamic_ncols=True)
    bundle = Bundle.load(folder)
    caches = prepare(folder, args.artifacts / "study", args.corpus, args.imbalanced, log, bar)
    shipped = caches.corpora["balanced"]
    bundle.check_cache(shipped)
    figures = {
        "study": run_study(caches, log),
        "samples": {length: len(cache.ids) for length, cache in caches.by_length.items()},
        "gradients": {name: gradient_ratio(cache.targets) for name, cache in caches.corpora.items()},
        "test": evaluate_on_test(shipped, bundle),
    }
    write_report(figures, folder / "report")
    log(f"Wrote {folder / 'report' / 'report.md'}.")


def predict(args: argparse.Namespace) -> None:
    """Classify one article, or every article of a file."""
    check_threshold(args.threshold)
    one = args.title is not None or args.abstract is not None
    if one == (args.corpus is not None):
        raise SphereError("Give a file, CORPUS --out FILE, or one article, by --title, --abstract, or both.")
    unfit = {"--out": args.out, "--keep-columns": args.keep_columns, "--prior file": args.prior == "file"}
    unfit["--engine ray"] = args.engine == "ray"
    unfit |= {"--title-column": args.title_column, "--abstract-column": args.abstract_column}
    for option, given in (unfit if one else {"--json": args.json}).items():
        if given:
            raise SphereError(f"{option} is for {'a file' if one else 'one article'}: leave it out.")
    if one:
        predict_one(args)
    else:
        predict_file(args)


def predict_one(args: argparse.Namespace) -> None:
    """Print the answer to one article, in words or as JSON."""
    import json
    from dataclasses import replace

    from spheres.data.text import placeholder_in, prepare_text
    from spheres.inference.notes import answer_as_json
    from spheres.model.prior import PRIORS

    # 1. what is wrong with the options is said before anything heavy is imported
    given = (args.title or "", args.abstract or "")
    text = prepare_text(*given)
    find_head(args.encoder, args.artifacts)
    # 2. the answer
    from spheres.inference.classifier import Classifier

    found = Classifier.load(args.encoder, args.artifacts).classify_many([text])[0]
    answer = replace(found, placeholder=placeholder_in(*given, text)).under(PRIORS[args.prior])
    if args.json:
        print(json.dumps(answer_as_json(answer, args.threshold, args.rule), ensure_ascii=False, indent=1))
    else:
        from spheres.web.i18n import language
        from spheres.web.render import summary

        english = language("en")
        print(summary(answer, args.threshold, args.rule, english))
        print(f"Categories: {', '.join(f'{code} {english.percent(p)}' for code, p in answer.categories())}.")


def predict_file(args: argparse.Namespace) -> None:
    """Classify every article of a file."""
    from contextlib import ExitStack

    from tqdm import tqdm

    from spheres.embeddings.engine import open_engine
    from spheres.inference.classify_file import classify_file
    from spheres.inference.export import check_out

    # 1. what is wrong with the options is said before anything heavy is imported
    check_file(args.corpus)
    if args.out is None:
        raise SphereError("--out FILE is missing: name the file of answers, such as --out answers.csv.")
    check_out(args.out, args.corpus)
    check_engine(args.engine)
    find_head(args.encoder, args.artifacts)
    # 2. the answers
    from spheres.inference.classifier import Classifier

    classifier = Classifier.load(args.encoder, args.artifacts)
    columns = {"title_column": args.title_column, "abstract_column": args.abstract_column}
    options = {
        "keep_columns": args.keep_columns,
        "batch_size": BATCH_SIZE,
        "identity": classifier.identity(),
        "prior": args.prior,
        **columns,
    }
    with ExitStack() as stack:
        engine = None if args.engine == "local" else stack.enter_context(open_engine(args.engine, classifier.encoder))
        run = classify_file(classifier, args.corpus, args.out, args.threshold, args.rule, engine=engine, **options)
        stack.callback(run.close)
        progress = next(run)  # the rows are counted; or the file is refused, and no bar was begun
        rows, done = progress.n_rows, progress.n_done
        if not args.quiet:
            print(*progress.summary.describe(), sep="\n")
        if done and not args.quiet:
            print(f"Going on after {done:,} rows that an earlier run has answered.")
        with tqdm(total=rows, initial=done, unit=" articles", disable=args.quiet, dynamic_ncols=True) as bar:
            for progress in run:
                bar.update(progress.n_done - bar.n)
    if not args.quiet:
        print(
            *(engine.remarks if engine else ()),
            f"{args.out}: {progress.describe()} {progress.describe_prior()}",
            sep="\n",
        )
        if progress.n_problems:
            print(f"{progress.n_problems:,} without an answer:")
        for place, sentence in progress.problems[:SHOWN_PROBLEMS]:
            print(f"  {place}: {sentence}")


def artifacts_folder(args: argparse.Namespace) -> Path:
    """The folder of the encoder that is meant; SphereError where it holds no embeddings."""
    from spheres.embeddings.cache import MANIFEST
    from spheres.encoder.hub import find_encoder

    wanted: str = args.encoder or default_encoder(args.artifacts, MANIFEST)
    folder: Path = args.artifacts / find_encoder(wanted).name
    if not (folder / MANIFEST).is_file():
        check_known(wanted, args.artifacts, MANIFEST)
        raise SphereError(f"{folder} holds no embeddings: run `python embed.py CORPUS --encoder {wanted}` first.")
    return folder


def print_figures(report: dict[str, Any], split: str) -> None:
    """Print what `spheres.model.evaluate.evaluate` gives, a line for each metric."""
    from spheres.data.views import VIEW_NAMES

    for prior, view, part in ((prior, view, part) for prior, views in report.items() for view, part in views.items()):
        shares = "in arXiv's own shares" if prior == "arxiv" else "in equal shares"
        print(f"\n{VIEW_NAMES[view]}, {part['articles']:,} {split} articles {shares}, with 95 % intervals:")
        for name, figure in part["figures"].items():
            print(f"  {figure['value']:.4f}  ({figure['low']:.4f} to {figure['high']:.4f})  {FIGURES.get(name, name)}")


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    try:
        args.run(args)
    except SphereError as e:
        print(f"head.py: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        outcome = "run the same command again to go on" if args.run in (predict, compare) else "nothing was written"
        print(f"head.py: stopped; {outcome}.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
