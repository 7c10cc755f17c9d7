"""The web page: paste a title, an abstract, or both, and see which of arXiv's eight spheres an article belongs to.

    python app.py                                       # http://127.0.0.1:7860, with the bundled encoder
    python app.py --encoder distilbert-base-cased       # with a head you trained
    python app.py --share --auth reader                 # with a public link, behind a password that it asks for

The page is up in some seconds, before the encoder is loaded; a question asked meanwhile waits for its answer. It needs
no network. Ctrl+C ends it. Where --host or --port is not given, the variables GRADIO_SERVER_NAME and GRADIO_SERVER_PORT
of the environment count: so a Hugging Face Space runs it as it is.
"""

import argparse
import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.errors import SphereError
from spheres.model.head_files import ARTIFACTS, find_head
from spheres.server.address import free_address
from spheres.server.auth import read_credentials, restart_without_password
from spheres.server.mcp import check_installed

if TYPE_CHECKING:
    from spheres.inference.loading import PendingClassifier, PendingNeighbors

# Read when Gradio is imported: it then looks for no newer version, and keeps no statistics of its own events, which it
# would compute over the last ten thousand after each.
ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
}


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        auth = read_credentials(options.auth)
        if arguments is None:
            restart_without_password(options.auth)
        start(options, auth)
    except SphereError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print()
    return 0


def start(options: argparse.Namespace, auth: tuple[str, str] | None) -> None:
    """Serve the page until it is interrupted; what is wrong with the options is said before the heavy imports."""
    print("Loading ...", flush=True)
    if options.mcp:
        check_installed()
    find_head(options.encoder, options.artifacts)
    address = free_address(options.host, options.port)
    os.environ.update(ENVIRONMENT)
    from spheres.server.temp_files import use_private_folder

    use_private_folder()
    gc.disable()  # collecting took a fifth of the start
    from spheres.inference.file_rows import Limits
    from spheres.inference.loading import PendingClassifier, PendingNeighbors
    from spheres.inference.service import Service
    from spheres.server.launch import serve, wait
    from spheres.server.tunnel import open_public_link
    from spheres.web.page import build_page, site

    # the page is served before torch is imported: questions wait, and are answered once all is loaded
    classifier = PendingClassifier(options.encoder, options.artifacts)
    neighbors = PendingNeighbors.find(classifier.folder)
    limits = Limits(options.max_rows, options.max_megabytes * 1_000_000)
    page = build_page(Service(classifier, neighbors, limits=limits))
    url = serve(page, address, site(), auth, mcp=options.mcp, max_upload=limits.max_bytes)
    print(f"Article Sphere Classifier is at {url} (encoder {classifier.name}); Ctrl+C ends it.", flush=True)
    if options.share:
        open_public_link(address, log=partial(print, flush=True))
    wait(page, partial(load_and_collect, classifier, neighbors))


def load_and_collect(classifier: "PendingClassifier", neighbors: "PendingNeighbors | None") -> None:
    """Load what answers, and from then on collect garbage."""
    from spheres.inference.loading import load

    load(classifier, neighbors)
    gc.freeze()  # what was built is never scanned
    gc.enable()


def parser() -> argparse.ArgumentParser:
    about = argparse.ArgumentParser(
        prog="app.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = about.add_argument
    add(
        "--encoder",
        metavar="NAME",
        help="encoder whose head answers: all-MiniLM-L6-v2 (bundled), distilbert-base-cased, "
        "any Hub id or folder you trained a head for "
        "(default: distilbert-base-cased where its head is, else the bundled one)",
    )
    add(
        "--artifacts",
        metavar="FOLDER",
        type=Path,
        default=ARTIFACTS,
        help="where the heads are (default: artifacts, beside app.py)",
    )
    add(
        "--host",
        metavar="H",
        default=os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1",
        help="address to listen on; 0.0.0.0 lets the network in (default: GRADIO_SERVER_NAME, else 127.0.0.1)",
    )
    add(
        "--port",
        metavar="P",
        type=port,
        default=os.environ.get("GRADIO_SERVER_PORT") or None,
        help="port to listen on; 0 takes any free one (default: GRADIO_SERVER_PORT, else 7860 or the next free one)",
    )
    add(
        "--share",
        action="store_true",
        help="also open a public link through Gradio's tunnel, for about a week at most; the tunnel's program is "
        "downloaded at first use; where the network does not allow it, the local page works without it",
    )
    add(
        "--auth",
        metavar="USER:PASSWORD",
        help="ask visitors for user and password; USER alone asks for the password here. On the command line other "
        "users can see it for a moment; in the environment variable SPHERES_AUTH they cannot",
    )
    add(
        "--max-rows",
        metavar="N",
        type=positive,
        default=20_000,
        help="rows at most in a file that visitors upload (default: %(default)s)",
    )
    add(
        "--max-megabytes",
        metavar="N",
        type=positive,
        default=50,
        help="megabytes at most in such a file, unpacked (default: %(default)s)",
    )
    add(
        "--mcp",
        action="store_true",
        help='also serve the endpoints as MCP tools, at /gradio_api/mcp/; needs `pip install "gradio[mcp]==6.31.0"`',
    )
    return about


def positive(text: str) -> int:
    """A whole number above zero, for argparse."""
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def port(text: str) -> int:
    """A port's number, for argparse."""
    number = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535")
    return number


if __name__ == "__main__":
    sys.exit(main())
