"""An OpenAI-compatible HTTP endpoint on loopback that answers from a script, or by looking at the question."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Question = dict[str, Any]
Reply = tuple[int, Any, dict[str, str], float]


@dataclass
class Endpoint:
    """`replies` in order, the last one again and again: (status, body, headers, seconds to wait).

    `answer`, where it is set, is called with each question instead and gives the content.
    """

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    answer: Callable[[Question], dict[str, Any]] | None = None
    questions: list[Question] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def reply(
        self, body: Any, *, status: int = 200, headers: dict[str, str] | None = None, wait: float = 0.0
    ) -> None:
        """Add a reply, whatever it is."""
        self.replies.append((status, body, headers or {}, wait))

    def say(self, content: str | dict[str, Any], *, finish: str = "stop", tool: str | None = None) -> None:
        """Add a completion; with `tool`, as a call of that tool."""
        self.reply(completion(content, finish=finish, tool=tool))

    def fail(self, status: int, message: str = "no", code: str | None = None, **headers: str) -> None:
        """Add an error as OpenAI words it."""
        self.reply({"error": {"message": message, "code": code}}, status=status, headers=headers)

    def next_reply(self, question: Question) -> Reply:
        """What the next question gets."""
        if self.answer is not None:
            return 200, completion(self.answer(question)), {}, 0.0
        return self.replies[min(len(self.questions), len(self.replies)) - 1]


def completion(content: str | dict[str, Any], *, finish: str = "stop", tool: str | None = None) -> dict[str, Any]:
    """The body of a chat completion."""
    text = content if isinstance(content, str) else json.dumps(content)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tool:
        call = {"id": "c1", "type": "function", "function": {"name": tool, "arguments": text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "served",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 321, "completion_tokens": 12, "total_tokens": 333},
    }


def first_choice(question: Question) -> dict[str, Any]:
    """A legal answer to any question of ours: the first option, or plain words for every slot."""
    if "response_format" not in question:
        return {"said": "ready"}
    schema = question["response_format"]["json_schema"]["schema"]
    action = schema.get("$defs", {}).get("Action0")
    if action is None:
        return dict.fromkeys(schema["properties"], "We are glad to help")
    chosen = {name: one["enum"][0] for name, one in action["properties"].items()}
    return {"confidence": 0.9, "action": chosen}


@contextmanager
def serving(endpoint: Endpoint | None = None) -> Iterator[Endpoint]:
    """Serve on a free port of loopback; the endpoint's `url` is then set."""
    served = endpoint or Endpoint()
    server = _Server(("127.0.0.1", 0), _handler(served))
    served.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A caller that hangs up is part of the tests."""


def _handler(served: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["content-length"])))
            served.questions.append(question)
            served.keys.append(self.headers["authorization"])
            status, body, headers, wait = served.next_reply(question)
            time.sleep(wait)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Tests read answers, not access logs."""

    return Handler
