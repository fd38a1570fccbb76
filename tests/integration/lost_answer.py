"""A commit whose answer is lost: it is carried out, and whoever asked for it hears of an error."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from winback import failpoint
from winback.errors import SetupError
from winback.store.store import Store


class LostAnswer:
    """The next commit of one transaction is carried out, and whoever asked for it hears of an error."""

    def __init__(self, store: Store, name: str, patch: pytest.MonkeyPatch) -> None:
        self._commit = store.engine.dialect.do_commit
        self._name = name
        self._next = False
        self._error: type[Exception] = sqlite3.OperationalError if store.is_sqlite else psycopg.OperationalError
        self.lost = 0
        patch.setattr(store.engine.dialect, "do_commit", self.commit)

    def hear(self, point: str) -> None:
        self._next = self._next or (point == f"{self._name}.before_commit" and not self.lost)

    def commit(self, connection: Any) -> None:
        self._commit(connection)
        if self._next:
            self._next, self.lost = False, self.lost + 1
            raise self._error("the line dropped before the answer")


@contextmanager
def losing(store: Store, name: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """In this block the answer to that transaction's commit is lost, which ends it with one line."""
    answer = LostAnswer(store, name, patch)
    failpoint.hear(answer.hear)
    try:
        with pytest.raises(SetupError, match="the line dropped"):
            yield
    finally:
        failpoint.hear(None)
    assert answer.lost == 1
