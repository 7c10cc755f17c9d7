"""Where a trained head lies and what its manifest says, without torch: a mistake in --encoder is told at once.

spec, folder = find_head(None, ARTIFACTS)      # of distilbert-base-cased where its head is there, else the bundled one
"""

from __future__ import annotations

from pathlib import Path

from spheres.encoder.hub import BUNDLED, DISTILBERT, KNOWN, EncoderSpec, find_encoder
from spheres.errors import SphereError

HEAD = "head.json"  # the head's manifest, in artifacts/<encoder>
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"  # beside the package, wherever one stands


def default_encoder(artifacts: Path = ARTIFACTS, file: str = HEAD) -> str:
    """distilbert-base-cased where its head (or another `file` of it) is there, else the bundled encoder."""
    return DISTILBERT.name if (artifacts / DISTILBERT.name / file).is_file() else BUNDLED.name


def find_head(encoder: str | None, artifacts: Path = ARTIFACTS) -> tuple[EncoderSpec, Path]:
    """The encoder that is meant, and the folder of its head.

    Args:
        encoder: A known name, Hub id or folder; None takes the default.
        artifacts: The folder with a folder for each encoder.

    Raises:
        SphereError: No head is there; it says which are, or what makes one.
    """
    wanted = encoder or default_encoder(artifacts)
    spec = find_encoder(wanted)
    folder = artifacts / spec.name
    if not (folder / HEAD).is_file():
        check_known(wanted, artifacts, HEAD)
        raise SphereError(
            f"{folder} holds no head yet: run `python embed.py CORPUS --encoder {wanted}` and "
            f"`python head.py train --encoder {wanted}`, which make it."
        )
    return spec, folder


def check_known(encoder: str, artifacts: Path, file: str) -> None:
    """Raise SphereError for a name that stands for no encoder: neither a known one, nor a folder, nor a Hub's id/name.

    Args:
        artifacts: Where those that may be meant instead have a folder with this `file`.
    """
    if encoder in KNOWN or "/" in encoder or Path(encoder).expanduser().is_dir():
        return
    there = sorted(path.parent.name for path in artifacts.glob(f"*/{file}"))
    hint = f"give one of those in {artifacts} ({', '.join(there)})" if there else f"{artifacts} holds none yet"
    raise SphereError(
        f"There is no encoder {encoder!r}: {hint}, or run `python embed.py CORPUS --encoder NAME` with a "
        "Hugging Face Hub id or a folder."
    )


def retrain_hint(folder: Path) -> str:
    """What makes a damaged head anew, for the end of a sentence."""
    return f"run `python head.py train --encoder {folder.name}`"
