"""Checks of the files that callers name: only those that were uploaded to this server are taken.

    page.preprocess_data = partial(check_and_preprocess, page.preprocess_data)    # checks a call before Gradio reads it
    path = find_upload({"path": "/tmp/.../a.csv"})      # for an endpoint that reads its values itself

Gradio refuses other local files, but gives no reason; and it downloads any URL it is given, of any size (SSRF), even
for a text field.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_function_params, get_upload_folder
from gradio_client.utils import is_file_obj_with_meta, traverse

from spheres.errors import SphereError
from spheres.server.asgi import API

FILE_PREFIX = f"{API}/file="  # an upload's address is this and its path


async def check_and_preprocess(
    preprocess: Callable[..., Awaitable[list[Any]]], block_fn: Any, inputs: list[Any], *rest: Any, **named: Any
) -> list[Any]:
    """Gradio's `Blocks.preprocess_data`, which turns a call's values into Python's, with checks before it.

    A call may leave out values at its end that have defaults, which Gradio itself fills in only for its own clients: so
    an endpoint can get another parameter. Refused are calls with any other number of values, and with a file that was
    not uploaded to the page.
    """
    expected, found = len(block_fn.inputs), len(inputs)
    if found < expected:
        parameters = get_function_params(block_fn.fn)
        inputs = [*inputs, *(default for _, has_default, default, _ in parameters[found:] if has_default)]
    if len(inputs) != expected:
        hint = "give all but those with a default" if found < expected else "give no more"
        raise gr.Error(f"This endpoint takes {expected} values, and got {found}: {hint}.", print_exception=False)
    # Gradio cannot send a lone surrogate back: its answer would break off.
    inputs = [v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in inputs]
    try:
        inputs = traverse(inputs, lambda file: {**file, "path": str(find_upload(file))}, is_file_obj_with_meta)
    except SphereError as error:
        raise gr.Error(str(error), print_exception=False) from error
    return list(await preprocess(block_fn, inputs, *rest, **named))


def find_upload(file: object) -> Path:
    """Where an uploaded file lies.

    Args:
        file: what a Gradio client makes of a file, or the path that uploading it returned, or that as an address here.

    Raises:
        SphereError: that is no uploaded file.
    """
    path = file.get("path") if isinstance(file, dict) else file
    if not path:
        raise SphereError("No file was sent: upload one to /gradio_api/upload and send the path it returns.")
    if isinstance(path, str) and path.startswith(("http://", "https://")):
        path = unquote(path.partition(FILE_PREFIX)[2])  # whose server it names is no matter: it must lie here
    try:
        resolved = Path(str(path)).resolve()
        if resolved.is_relative_to(Path(get_upload_folder()).resolve()) and resolved.is_file():
            return resolved
    except (OSError, ValueError):  # a name too long, or with a null character in it
        pass
    raise SphereError("This file was not uploaded here: upload it to /gradio_api/upload and send the path it returns.")
