"""What is not answered, and how it is said; and what stands on every answer."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from tests.integration.pages.site import BASE, SECRET, Site, dump, message_links, site, with_pages
from tests.integration.uvicorn_thread import serving_app
from winback.errors import SetupError
from winback.pages.app import PAGES, make_pages
from winback.store.models import Case, Contact, Effect
from winback.store.types import COLLEAGUE
from winback.testing.world import NOON
from winback.usage.drop import DropKind
from workers.link import PATHS, Links
from workers.services import Services

KINDS = [DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED, DropKind.ALL_QUIET]


@pytest.fixture
def one(few: Services) -> Iterator[Site]:
    with site(few) as found:
        yield found


@pytest.mark.parametrize("kind", KINDS)
def test_a_scanner_that_follows_every_link_changes_nothing(services: Services, kind: DropKind) -> None:
    """GET and HEAD, as mail scanners do, of every link in the message and of every link on those pages."""
    with site(services, kind) as one:
        before = dump(one.store)
        links = message_links(one.sent)
        assert {url.removeprefix(BASE)[1] for url in links} >= set("puw")
        for url in links:
            path = url.removeprefix(BASE)
            page, head = one.client.get(path), one.client.head(path)
            assert (page.status_code, head.status_code, head.content) == (200, 200, b""), url
            assert head.headers["content-length"] == page.headers["content-length"]
            for more in ({"answer": "accept"}, {"score": "5"}, {"List-Unsubscribe": "One-Click"}):
                one.client.get(path, params=more)
        assert dump(one.store) == before


def test_a_token_opens_its_own_page_alone(one: Site) -> None:
    """404 elsewhere, for looking and for posting."""
    before = dump(one.store)
    for page in PAGES:
        token = one.path(page).rpartition("/")[2]
        for other in PAGES:
            if other != page:
                for method in ("GET", "POST"):
                    answer = one.client.request(method, f"/{PATHS[other]}/{token}", data={"answer": "accept"})
                    assert answer.status_code == 404
                    assert "This link does not work" in answer.text
    assert dump(one.store) == before


def test_a_token_that_is_altered_or_foreign(one: Site) -> None:
    """404, whichever character; and one signed with another secret."""
    path = one.path("offer")
    foreign = Links(BASE, SECRET + "!").url("offer", one.key, NOON + timedelta(days=9)).removeprefix(BASE)
    altered = [path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :] for at in range(3, len(path) - 1)]
    odd = [
        "/o/",
        "/o/x",
        "/o/%00",
        "/o/%F0%9F%92%A9",
        "/o/..%2F..%2Fetc",
        "/o/" + "a" * 8000,
        path + "/",
        path + ".",
    ]
    for each in (*altered, foreign, *odd, "/", "/nothing", "/o", "/docs", "/openapi.json", path.upper()):
        answer = one.client.get(each)
        assert answer.status_code == 404, each
        assert "This link does not work" in answer.text


def test_a_link_ends(one: Site) -> None:
    """410 for good, after more than a year."""
    paths = [one.path(page) for page in PAGES]
    one.at(NOON + timedelta(days=401))
    for path in paths:
        assert one.client.get(path).status_code == one.client.post(path).status_code == 410
        assert "This link has ended" in one.client.get(path).text


def test_an_act_that_is_not_ours(one: Site) -> None:
    """A good signature over a key that the database does not know."""
    assert one.services.links is not None
    form = {"answer": "accept", "score": "1", "words": "x"}
    for page in PAGES:
        path = one.services.links.url(page, "0" * 64, NOON + timedelta(days=9)).removeprefix(BASE)
        assert one.client.get(path).status_code == one.client.post(path, data=form).status_code == 410


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods(one: Site, method: str) -> None:
    """405, and what is allowed."""
    answer = one.client.request(method, one.path("offer"))
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert one.client.request(method, "/healthz").status_code == 405


def test_a_body_that_is_too_large(one: Site) -> None:
    """413, told by its length or found while it comes; what just fits is read."""

    def chunks() -> Iterator[bytes]:
        yield from (b"words=" + b"x" * 1000 for _ in range(100))

    before = dump(one.store)
    path = one.path("why")
    assert one.client.post(path, content=b"x" * (64 * 1024 + 1)).status_code == 413
    assert one.client.post(path, content=chunks()).status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert one.client.post(path, content=b"words=" + b"x" * (64 * 1024 - 6), headers=form).status_code == 400
    assert dump(one.store) == before


def test_every_answer_has_the_headers_and_no_cookie(one: Site) -> None:
    """Pages, problems, plain text, health."""
    answers = [one.get(page) for page in PAGES]
    answers += [
        one.client.get("/nothing"),
        one.client.put("/healthz"),
        one.client.get("/healthz"),
        one.post("stop"),
    ]
    answers.append(one.client.post(one.path("why"), content=b"x" * 70_000))
    for answer in answers:
        headers = answer.headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert policy["style-src"].startswith("'sha256-")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "noindex" in headers["x-robots-tag"]
        assert "set-cookie" not in headers
        assert "server" not in headers


def test_too_many_requests(few: Services) -> None:
    """429 with how long to wait; unsubscribing is still possible, and waiting helps."""
    now = [0.0]
    with site(few, requests_per_minute=6) as one:
        app = make_pages(one.services, timer=lambda: now[0])
        with serving_app(app) as address, httpx.Client(base_url=address) as client:
            path = one.path("offer")
            assert [client.get(path).status_code for _ in range(6)] == [200] * 6
            refused = client.get(path, headers={"x-forwarded-for": "203.0.113.9"})
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "10"
            assert "Wait a minute" in refused.text
            assert client.post(one.path("stop")).status_code == 200
            now[0] += 10
            assert [client.get(path).status_code for _ in range(2)] == [200, 429]


def test_behind_a_trusted_proxy_each_visitor_counts_alone(few: Services) -> None:
    """By what the proxy itself wrote last; what the visitor claimed before it does not help them."""
    with site(few, requests_per_minute=2, trusted_proxy="127.0.0.1") as one:

        def get(forwarded: str) -> int:
            return one.get("offer", headers={"x-forwarded-for": forwarded}).status_code

        assert [get("203.0.113.1") for _ in range(3)] == [200, 200, 429]
        assert get("203.0.113.2, 203.0.113.1") == 429
        assert [get("203.0.113.2") for _ in range(3)] == [200, 200, 429]


def test_nothing_that_opens_a_page_is_logged(one: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """Events name the page, never the address."""
    for page in PAGES:
        one.get(page)
        one.post(page, answer="accept", score="3", words="that is wrong")
    said = "".join(capfd.readouterr())
    assert "page.answered" in said
    assert not any(one.path(page).rpartition("/")[2][:20] in said for page in PAGES)
    assert one.key not in said
    assert "that is wrong" not in said


def test_a_database_that_is_gone(one: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """503 and a plain page; the reason is for the operator."""
    with one.store.write("test") as session:
        session.connection().exec_driver_sql("ALTER TABLE contact RENAME TO kept")
    try:
        answer = one.get("why")
    finally:
        with one.store.write("test") as session:
            session.connection().exec_driver_sql("ALTER TABLE kept RENAME TO contact")
    assert answer.status_code == 503
    assert "Something is wrong on our side" in answer.text
    assert "contact" not in answer.text.partition("</style>")[2]
    assert "page.failed" in capfd.readouterr().out


def test_what_nobody_foresaw(one: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """500 and a plain page; the event says what and where, and shows no variable."""
    with one.store.write("test") as session:
        session.get_one(Case, 1).drop = {"account": "secret-of-somebody"}
    answer = one.get("why")
    assert answer.status_code == 500
    assert "Something is wrong on our side" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    said = "".join(capfd.readouterr())
    assert "page.failed" in said
    assert "ValidationError" in said
    assert "secret-of-somebody" not in said
    assert one.path("why").rpartition("/")[2][:20] not in said
    assert one.get("survey").status_code == 200


def test_without_an_address_there_are_no_pages(few: Services) -> None:
    """Nothing is served that no link could lead to."""
    with pytest.raises(SetupError, match=r"pages\.base_url"):
        make_pages(few)
    assert with_pages(few).links is not None


def test_what_went_to_a_colleague_is_not_for_answering(one: Site) -> None:
    """A message to one of ours opens no page, and stops nothing for the customer."""
    with one.store.write("test") as session:
        session.get_one(Effect, 1).audience = COLLEAGUE
    for page in PAGES:
        assert one.get(page).status_code == 410
        assert one.post(page, answer="accept", score="1", words="x", do="cancel").status_code == 410
    assert one.row(Contact).unsubscribed_at is None
