"""The API's document: what it promises of these parts."""

from tests.integration.console.house import House
from winback.console.rights import Role

OURS = {"people", "me", "accounts", "people of accounts", "channels", "decisions", "runs"}
FILES = ("/privacy/export", "/proof")


def test_every_answer_has_an_example(one_console: House) -> None:
    """A recorded one, and every refusal has its status; a file that is downloaded is described alone."""
    document = one_console.of(Role.VIEWER).get("/api/openapi.json").json()
    seen = 0
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            if not OURS & set(said["tags"]):
                continue
            assert {"400", "401", "403", "404", "409", "422", "503"} <= said["responses"].keys(), (method, path)
            if not path.endswith(FILES):
                done = [said["responses"][one] for one in ("200", "201") if one in said["responses"]]
                assert all(one["content"]["application/json"]["example"] for one in done), (method, path)
                seen += len(done)
    assert seen >= 30
