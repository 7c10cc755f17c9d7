"""What a figure was measured on, for the head of every table."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("torch", "transformers", "sentence-transformers", "onnxruntime", "openvino", "gradio", "scikit-learn")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


def machine() -> dict[str, object]:
    """Processor, cores, memory and the versions that matter."""
    return {
        "processor": _processor(),
        "instructions": [flag for flag in FLAGS if flag in _cpuinfo("flags").split()],
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def kind_of(machine: Mapping[str, Any]) -> str:
    """The kind of processor, among which ratios compare: its most advanced instructions.

    >>> kind_of({"processor": "AMD EPYC", "instructions": ["avx2", "avx512f"]})
    'avx512f'
    """
    return str([machine["processor"] or "unknown", *machine["instructions"]][-1]).replace(" ", "-")


def describe(machine: Mapping[str, Any]) -> str:
    """
    >>> describe({"processor": "AMD EPYC", "instructions": ["avx2"], "cores": 2, "memory_gb": 24})
    'Measured on 2 cores of an AMD EPYC (avx2) with 24 GB.'
    """
    processor = f"{machine['processor']} ({kind_of(machine)})"
    return f"Measured on {machine['cores']} cores of an {processor} with {machine['memory_gb']} GB."


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor()


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.is_file() else []:
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
