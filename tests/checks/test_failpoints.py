"""Every transaction has a name of its own, and so a failpoint before and after its commit."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from winback.failpoint import TRANSACTIONS

ROOT = Path(__file__).parents[2]
FOLDERS = ("winback", "workers", "agents", "tools", "policies", "prompts")
OUTSIDE = {
    ("winback/store/store.py", "commit"): "it is the transaction",
    ("winback/store/store.py", "connect"): "it is the transaction",
    ("winback/store/migrate.py", "begin"): "a new schema, with points of its own (migrate.*)",
    ("winback/store/migrate.py", "connect"): "reads the schema's revision",
    ("winback/store/upgrade.py", "begin"): "compares the schema for developers; writes a file",
    ("winback/store/wipe.py", "raw_connection"): "VACUUM: no row changes",
}
"""What opens or ends a transaction beside `Store.write` and `Store.read`, each with the reason."""
ENDS = {"commit", "begin", "begin_nested", "begin_twophase"}
"""Calls that open or end a transaction whoever has them; an engine's `connect` too."""


def calls(source: str) -> Iterator[ast.Call]:
    return (one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call))


def writes(source: str) -> Iterator[str | None]:
    """The names of a module's write transactions; None for one that is not a literal."""
    tree = ast.parse(source)
    blocks = [one for one in ast.walk(tree) if isinstance(one, ast.With | ast.AsyncWith)]
    opened = {item.context_expr for one in blocks for item in one.items}
    for one in ast.walk(tree):
        match one:
            case ast.Call(func=ast.Attribute(attr="write", value=owner)) if one in opened or is_store(owner):
                match one.args, one.keywords:
                    case [ast.Constant(value=str(name))], []:
                        yield name
                    case _:
                        yield None


def is_store(owner: ast.expr) -> bool:
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return name.endswith("store")


def outside(source: str) -> Iterator[str]:
    """Calls that open or end a transaction without `Store`."""
    for one in calls(source):
        match one.func:
            case ast.Attribute(attr=name) if name in ENDS:
                yield name
            case ast.Attribute(attr="connect" | "raw_connection" as name, value=ast.Attribute(attr="engine")):
                yield name


def modules() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name:
                yield name, path.read_text(encoding="utf-8")


def test_every_transaction_has_a_name_of_its_own() -> None:
    """A literal that stands once in the code and once in the list: each point is one place."""
    found = [(name, module) for module, source in modules() for name in writes(source)]
    assert [module for name, module in found if name is None] == [], "a write without a literal name"
    assert {name: times for name, times in Counter(name for name, _ in found).items() if times > 1} == {}
    assert {name for name, _ in found} == set(TRANSACTIONS)


def test_no_transaction_goes_past_the_store() -> None:
    """Whatever commits elsewhere has no failpoint."""
    found = {(module, name) for module, source in modules() for name in outside(source)}
    assert found == OUTSIDE.keys()


@pytest.mark.parametrize(
    "source",
    [
        "with store.write() as session: pass",
        "with services.store.write(name) as session: pass",
        "with self.store.write(name='claim') as session: pass",
        "stack.enter_context(services.store.write())",
        "with database.write() as session: pass",
    ],
)
def test_a_transaction_without_a_name_is_found(source: str) -> None:
    """However it is opened."""
    assert list(writes(source)) == [None]


@pytest.mark.parametrize(
    "source",
    [
        "session.commit()",
        "with store.engine.begin() as connection: pass",
        "session.begin_nested()",
        "connection = self.store.engine.connect()",
        "store.engine.raw_connection()",
    ],
)
def test_a_transaction_past_the_store_is_found(source: str) -> None:
    """However it is ended."""
    assert len(list(outside(source))) == 1


def test_a_file_is_no_transaction() -> None:
    """What writes bytes has no point."""
    assert list(writes("stream.write(data)\nwith open(name) as file: file.write(b'')")) == []
