"""A client of the page's endpoints, for whatever asks a server many questions."""

import http.client
import json
from typing import Any

from spheres.data.text import Text


class Refused(Exception):
    """The server refused the request, with this message."""


class HttpClient:
    """A client of the page's endpoints, on an HTTP connection that stays open."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def classify(self, text: Text, threshold: float = 0.95) -> Any:
        """What /classify answers."""
        return self.call("classify", [*text, threshold])[0]

    def call(self, endpoint: str, data: list[Any]) -> Any:
        """What an endpoint answers to these values.

        Raises:
            Refused: The server did not take the request, or did not complete it.
        """
        path = f"/gradio_api/call/{endpoint}"
        event = self.post(path, {"data": data})["event_id"]
        *_, kind, answer = self.get(f"{path}/{event}").decode().strip().splitlines()  # the stream's last event
        values = json.loads(answer.removeprefix("data: "))
        if kind != "event: complete":
            raise Refused(str(values))
        return values

    def post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", path, json.dumps(body).encode(), headers)
        answer = self.connection.getresponse()
        content = json.loads(answer.read())
        if answer.status != 200:
            raise Refused(str(content.get("detail", content)))
        return content

    def get(self, path: str) -> bytes:
        self.connection.request("GET", path)
        return self.connection.getresponse().read()

    def close(self) -> None:
        self.connection.close()
