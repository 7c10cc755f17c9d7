"""The injected script comes first in the head of every page, and nothing else is touched."""

import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from visiting import served

from spheres.server.asgi import local_path
from spheres.server.inject import ScriptInjector
from spheres.server.launch import Site

PAGE = '<!doctype html>\n<html lang="en"><head><title>Ünï 🌳</title></head><body><i lang="en">x</i><head></body></html>'
PAGES = {"/": {"lang": "en", "data-busy": 'a "full" <queue>'}, "/ru": {"lang": "ru", "data-busy": "занято"}}
TAG = {
    "en": '<script lang="en" data-busy="a &quot;full&quot; &lt;queue&gt;">',
    "ru": '<script lang="ru" data-busy="занято">',
}
SCRIPT = "console.log('first');"


async def answer(request: Request) -> Response:
    """A page, or whatever the query asks for in its place."""
    match request.query_params.get("kind"):
        case "json":
            return JSONResponse({"page": PAGE})
        case "headless":
            return HTMLResponse('<p lang="en">No head.</p>')
        case "empty":
            return Response(status_code=204)
        case "redirect":
            return RedirectResponse("/elsewhere")
        case "pieces":
            encoded = PAGE.encode()
            return StreamingResponse((encoded[i : i + 3] for i in range(0, len(encoded), 3)), media_type="text/html")
        case "missing":
            return HTMLResponse(PAGE, 404)
        case "cookies":
            answer = HTMLResponse(PAGE)
            answer.set_cookie("a", "1")
            answer.set_cookie("b", "2")
            return answer
    return HTMLResponse(PAGE)


@pytest.fixture(scope="module")
def client() -> TestClient:
    paths = ["/", "/ru", "/ru/", "/en", "/other"]
    routes = [Route(path, answer, methods=["GET", "POST", "HEAD"]) for path in paths]
    app = Starlette(routes=routes, middleware=[Middleware(ScriptInjector, pages=PAGES, script=SCRIPT)])
    return TestClient(app, follow_redirects=False)


@pytest.fixture(scope="module", params=[None, ("reader", "secret")], ids=["open", "behind a password"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bool]]:
    """Gradio's own server with two pages, and whether it asks for a password."""
    import gradio as gr

    css = tmp_path_factory.mktemp("site") / "page.css"
    css.write_text("body { color: black }")
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox()
    with page.route("Русский", "ru"):
        gr.Textbox()
    with served(page, request.param, Site(PAGES, SCRIPT, css)) as address:
        yield address, request.param is not None


@pytest.mark.parametrize(("path", "code"), [("/", "en"), ("/ru", "ru"), ("/ru/", "ru"), ("/?__theme=dark", "en")])
def test_the_script_comes_first_in_the_head_and_the_page_names_its_language(
    path: str, code: str, client: TestClient
) -> None:
    served = client.get(path)
    assert f"<head>{TAG[code]}{SCRIPT}</script><title>" in served.text
    assert served.headers["content-length"] == str(len(served.content))
    without = re.sub(rf"{TAG[code]}.*?</script>", "", served.text, flags=re.DOTALL)
    assert without == PAGE.replace('lang="en"', f'lang="{code}"', 1)


@pytest.mark.parametrize(
    "path", ["/other", "/en", "/ru?kind=json", "/?kind=json", "/?kind=headless", "/?kind=redirect", "/?kind=empty"]
)
def test_anything_but_a_page_is_untouched(path: str, client: TestClient) -> None:
    bare = TestClient(Starlette(routes=client.app.routes), follow_redirects=False)  # type: ignore[attr-defined]
    served, expected = client.get(path), bare.get(path)
    assert (served.status_code, served.content, served.headers) == (
        expected.status_code,
        expected.content,
        expected.headers,
    )


def test_a_page_in_pieces_is_put_together(client: TestClient) -> None:
    assert client.get("/?kind=pieces").text == client.get("/").text
    assert client.get("/?kind=pieces").headers["content-length"] == client.get("/").headers["content-length"]


def test_a_missing_page_is_still_missing(client: TestClient) -> None:
    served = client.get("/ru?kind=missing")
    assert served.status_code == 404
    assert TAG["ru"] in served.text
    assert client.get("/nowhere").status_code == 404
    assert "data-busy" not in client.get("/nowhere").text


def test_every_cookie_is_kept(client: TestClient) -> None:
    assert [c.split(";")[0] for c in client.get("/?kind=cookies").headers.get_list("set-cookie")] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("path", "root_path", "local"),
    [("", "", "/"), ("/sub", "/sub", "/"), ("/sub/ru/", "/sub", "/ru"), ("/ru/config", "", "/ru/config")],
)
def test_a_path_is_read_below_the_applications_root(path: str, root_path: str, local: str) -> None:
    assert local_path({"path": path, "root_path": root_path}) == local


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize(("path", "code"), [("", "en"), ("ru", "ru")])
def test_gradios_page_and_its_login_have_the_script(
    path: str, code: str, encoding: str, site: tuple[str, bool]
) -> None:
    address, closed = site
    served = httpx.get(address + path, headers={"Accept-Encoding": encoding})
    assert served.status_code == 200
    before, _, head = served.text.partition("<head>")
    assert f'lang="{code}"' in before
    assert head.startswith(TAG[code])
    assert served.text.count("data-busy=") == 1
    assert ('"auth_required":true' in head) == closed


def test_gradios_page_may_be_asked_for_its_head_alone(site: tuple[str, bool]) -> None:
    address, _ = site
    asked = {"headers": {"Accept-Encoding": "identity"}}
    head, whole = httpx.head(address, **asked), httpx.get(address, **asked)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-length"] == str(len(whole.content))


def test_gradios_other_answers_are_as_they_were(site: tuple[str, bool]) -> None:
    address, closed = site
    config = httpx.get(f"{address}config")
    assert config.status_code == (401 if closed else 200)
    assert config.json() and "data-busy" not in config.text
    assert httpx.get(f"{address}nowhere").status_code in (401, 404)
    assert "data-busy" not in httpx.get(f"{address}theme.css").text
