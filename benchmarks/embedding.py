"""Articles a second with the bundled encoder: this project, sentence-transformers, ONNX, OpenVINO, the textbook loop.

All get the same weights, the same titles and abstracts, and 256 tokens at most, in one process and in turns. This
project embeds all articles in every round; the others, being slower, every sixth block of 32 of them in the order of
length, on which they pad as little as on all. Each vector is compared with this project's in fp32 for the same token
ids. About five minutes on two cores, two of them for making ONNX files and trying batch sizes.
"""

import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.articles import corpus_file, read_articles
from benchmarks.comparison import (
    BF16,
    COLUMNS,
    DEFAULTS,
    OURS,
    TEXTBOOK,
    add_absent,
    as_candidate,
    blocks,
    compare,
    joined,
    prepare,
    set_ratios,
)
from benchmarks.peers import BATCH, Peer, build
from benchmarks.table import Table
from spheres.data.text import Text
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED, fetch

ARTICLES = 1000
SAMPLE = 6  # peers embed every sixth block
SAMPLE_OF_TEXTBOOK = 12  # it pads all to one length: any articles will do
ROUNDS = 3
SIZES = 8, 16, 64, 128  # of sentence-transformers' batch, tried besides its own 32
TRIAL = 4 * BATCH  # articles for each


def run(corpus: Path | None, quick: bool) -> Table:
    peers.need_sentence_transformers()
    peers.quiet()
    texts = read_articles(corpus_file(corpus), ARTICLES // 10 if quick else ARTICLES)
    folder, length, pooling = fetch(BUNDLED), BUNDLED.max_length, BUNDLED.pooling
    encoder, precise = Encoder.load(BUNDLED), Encoder.load(BUNDLED, "fp32")
    setup = prepare(texts, SAMPLE, encoder, precise)
    sample, same_ids = setup.sample, setup.same_ids
    table = Table("embedding", COLUMNS)
    dtype = "bfloat16" if encoder.precision == "bf16" else "float32"
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # exporters warn a lot
        others = [
            Peer(DEFAULTS, peers.sentence_transformers(folder, length)),
            Peer(BF16, peers.sentence_transformers(folder, length, "bfloat16")),
            best_batch(folder, length, dtype, sample),
            *_exported(folder, Path(place), length, pooling, sample),
        ]
        textbook = Peer(TEXTBOOK, peers.textbook(folder, length, pooling))
        few = blocks(sample, SAMPLE_OF_TEXTBOOK // SAMPLE)
        found = compare(
            table,
            [
                *setup.ours,
                *(as_candidate(peer, sample, same_ids) for peer in others if peer.encode),
                as_candidate(textbook, [sample[i] for i in few], same_ids[few]),
            ],
            encoder,
            1 if quick else ROUNDS,
        )
    add_absent(table, others)
    set_ratios(table, found)
    table.notes += [
        "Targets: 3 times sentence-transformers' defaults, 1.3 times its best, 5 times the textbook loop, 0.75 of the "
        "limit. Medians of rounds in which the candidates take turns.",
        f"{OURS} computes in {encoder.precision}. Peers read title and abstract as one text, without the [SEP] "
        "between; the cosine is with fp32 on exactly their token ids, over the articles that they embed.",
        "sentence-transformers' own ONNX and OpenVINO backends need optimum, which has no release for transformers 5: "
        "the rows export the same model with torch.onnx and batch as sentence-transformers does.",
    ]
    return table


def best_batch(folder: Path, length: int, dtype: str, sample: Sequence[Text]) -> Peer:
    """sentence-transformers at the batch size that is fastest over a few articles."""
    few = [joined(text) for text in sample[:: max(1, len(sample) // TRIAL)]]
    seconds: dict[int, float] = {}
    for size in SIZES:
        encode = peers.sentence_transformers(folder, length, dtype, size)
        encode(few[:size])
        started = time.perf_counter()
        encode(few)
        seconds[size] = time.perf_counter() - started
    best = min(seconds, key=lambda size: seconds[size])
    short = {"bfloat16": "bf16", "float32": "fp32"}[dtype]
    return Peer(f"{DEFAULTS} in {short}, batches of {best}", peers.sentence_transformers(folder, length, dtype, best))


def _exported(folder: Path, place: Path, length: int, pooling: str, sample: Sequence[Text]) -> list[Peer]:
    """The peers that read ONNX, each with its reason where it cannot."""
    names = ("onnxruntime in int8", "OpenVINO in fp32", "OpenVINO in bf16", "OpenVINO in int8")
    try:
        file = peers.onnx_file(folder, place)
    except Exception as error:  # the exporter is not installed, or does not know an operator
        why = f"no ONNX file: {type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"
        return [Peer(name, None, why) for name in names]
    texts = [joined(text) for text in sample[:: max(1, len(sample) // peers.CALIBRATION)]]
    return [
        build(names[0], lambda: peers.onnx_int8(file, folder, length, pooling)),
        build(names[1], lambda: peers.openvino(file, folder, length, pooling, "f32")),
        build(names[2], lambda: peers.openvino(file, folder, length, pooling, "bf16")),
        build(names[3], lambda: peers.openvino_int8(file, folder, length, pooling, texts)),
    ]
