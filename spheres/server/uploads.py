"""Files that callers sent, found again where Gradio put them; any other, of this machine or another, is refused.

    check_calls(page)                                                    # whatever part of the page is named a file
    source = uploaded({"path": path})                                    # the one that uploading it answered

Gradio refuses other local files, but gives no reason; and it downloads any URL it is given, of any size (SSRF), even
for a text field.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio import processing_utils
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta, traverse

from spheres.errors import SphereError

SERVED = "/gradio_api/file="  # what an upload's address has in front of its path


def check_calls(page: gr.Blocks) -> None:
    """Have the page refuse, in a sentence, calls with another number of values, or with a file not uploaded to it."""
    preprocess = page.preprocess_data

    async def preprocess_data(block_fn: Any, inputs: list[Any], *rest: Any, **named: Any) -> list[Any]:
        taken, given = len(block_fn.inputs), len(inputs)
        if given != taken:
            what_to_do = "give all of them" if given < taken else "give no more"
            raise gr.Error(f"This endpoint takes {taken} values, and got {given}: {what_to_do}.", print_exception=False)
        # Gradio cannot send a lone surrogate back: its answer would break off.
        inputs = [v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in inputs]
        try:
            inputs = traverse(inputs, lambda file: {**file, "path": str(uploaded(file))}, is_file_obj_with_meta)
        except SphereError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return list(await preprocess(block_fn, inputs, *rest, **named))

    page.preprocess_data = preprocess_data


def hide_folders() -> None:
    """Name files' folders in a way that nobody can work out from what is in them, not even with the same Gradio."""
    processing_utils.hash_seed = secrets.token_bytes(32)


def uploaded(sent: object) -> Path:
    """Where the sent file lies.

    sent   : what a Gradio client makes of a file, or its path alone: the one that uploading it gave, or that path as an
             address of this server
    raises : SphereError where that is no uploaded file
    """
    path = sent.get("path") if isinstance(sent, dict) else sent
    if not path:
        raise SphereError("No file was sent: upload one to /gradio_api/upload and send the path it returns.")
    if isinstance(path, str) and path.startswith(("http://", "https://")):
        path = unquote(path.partition(SERVED)[2])  # whose server it names is no matter: it must lie here
    try:
        place = Path(str(path)).resolve()
        if place.is_relative_to(Path(get_upload_folder()).resolve()) and place.is_file():
            return place
    except (OSError, ValueError):  # a name too long, or with a null character in it
        pass
    raise SphereError("This file was not uploaded here: upload it to /gradio_api/upload and send the path it returns.")
