"""The queue of a busy day, and how fast it is listed; --json prints the numbers alone."""

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import insert, text

from benchmarks.sample_log import write_log
from winback.canonical import content_hash
from winback.store.listed import priority
from winback.store.migrate import migrate
from winback.store.models import Account, Case, Contact, Proposal, Review
from winback.store.queue import ReviewMark
from winback.store.store import Store
from winback.store.types import CaseState
from workers.queue_list import After, Filters, counts_of, page_of

NOW = datetime(2026, 5, 12, 10, tzinfo=UTC)
PAGE = 5000
TOOLS = ("send_tutorial", "offer_trial_upgrade", "book_call", "notify_owner")
PLANS, REGIONS = ("starter", "team", "business", "enterprise"), ("DE", "IN", "US", "FR", "BR", "JP")
RULES = ("first-contact", "embedded-model", "value-review", "open-ticket", "rare-rule")
TAGS = ("key", "pilot", "churned-before", "partner")
WORDS = ("north", "river", "cobalt", "maple", "summit", "harbour", "lumen", "quartz", "vertex", "willow")


def fill(store: Store, open_items: int, entries: int) -> None:
    """So many items that wait, of as many accounts, and about so many sealed entries of a log beside them."""
    if entries:
        write_log(store, entries)
    dice = random.Random(7)  # noqa: S311  the same queue every time
    with store.read() as session:
        last = [session.connection().execute(text(f"SELECT max(id) FROM {name}")).scalar() or 0 for name in ID]  # noqa: S608
    start = max(last)
    for first in range(start + 1, start + open_items + 1, PAGE):
        numbers = range(first, min(first + PAGE, start + open_items + 1))
        rows = [_life(number, dice) for number in numbers]
        with store.write("benchmark") as session:  # type: ignore[arg-type]
            for table in (Account, Contact, Case, Proposal, Review):
                session.connection().execute(insert(table), [one[table.__name__] for one in rows])
            marks = [mark for one in rows for mark in one["marks"]]
            session.connection().execute(insert(ReviewMark), marks)
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


ID = ("account", "contact", "cases", "proposal", "review")


def _life(number: int, dice: random.Random) -> dict:  # type: ignore[type-arg]
    """One account with one item; a proposal and a case no log speaks of are enough for a list."""
    name = f"{dice.choice(WORDS).title()} {dice.choice(WORDS).title()} {number}"
    key, tool = f"{name.lower().replace(' ', '-')}", dice.choice(TOOLS)
    stake, asked = round(dice.lognormvariate(4, 1.2), 2), NOW - timedelta(minutes=dice.randrange(1, 7 * 24 * 60))
    plan, region, owner = dice.choice(PLANS), dice.choice(REGIONS), f"owner{dice.randrange(40)}@example.com"
    action, ends = content_hash(number), asked + timedelta(hours=168)
    text_of = {"language": "en", "template": tool, "template_version": "1", "subject": "Hello", "slots": {}}
    tags = dice.sample(TAGS, dice.randrange(3))
    rule = RULES[-1] if dice.random() < 0.001 else dice.choice(RULES[:-1])
    return {
        "Account": {"id": number, "key": key, "name": name, "plan": plan, "value_per_month": stake,
                    "region": region, "owner_email": owner, "tags": tags},
        "Contact": {"id": number, "account_id": number, "key": f"{key}-ann", "name": "Ann Example",
                    "email": f"ann@{key}.example.com", "salt": action, "language": "en", "left": False},
        "Case": {"id": number, "account_id": number, "state": CaseState.IN_REVIEW, "version": 2, "drop": {},
                 "opened_at": asked, "ends_at": asked + timedelta(days=28)},
        "Proposal": {"id": number, "case_id": number, "action_hash": action, "account_id": number,
                     "contact_id": number, "tool": tool, "catalogue_id": "tour", "arguments": {},
                     "message": {**text_of, "body": "Reports were part of your week. " * 20}, "label": tool,
                     "value": 0.0, "agent": {}, "why": "benchmark", "medium": "email", "audience": "customer",
                     "created_at": asked},
        "Review": {"id": number, "case_id": number, "proposal_id": number, "action_hash": action,
                   "state": "pending", "verdict": {"people": 1, "decision": "review", "results": []}, "note": "",
                   "asked_at": asked, "expires_at": ends, "account_id": number, "tool": tool, "template": tool,
                   "stake": stake, "priority": priority(stake, asked, ends, escalated=False), "plan": plan,
                   "region": region, "owner": owner, "sought": f"{key} {name}".lower()[:200], "version": 1,
                   "changes": [], "facts": {}, "assignee": "rita" if number % 50 == 0 else None},
        "marks": [{"kind": "rule", "word": rule, "review_id": number},
                  *({"kind": "tag", "word": tag, "review_id": number} for tag in tags)],
    }  # fmt: skip


ASKED = {
    "first page": Filters(),
    "tool": Filters(tool="book_call"),
    "segment": Filters(plan="enterprise", region="JP"),
    "tag": Filters(tag="pilot"),
    "owner": Filters(owner="owner7@example.com"),
    "rule": Filters(rule="value-review"),
    "rare rule": Filters(rule="rare-rule"),
    "age": Filters(older_hours=160),
    "assignee": Filters(assignee="rita"),
    "search": Filters(words="cobalt maple"),
    "rare search": Filters(words="harbour 99999"),
    "search for nothing": Filters(words="nobody is called so"),
    "claimed": Filters(state="claimed"),
}


def measure(store: Store, rounds: int = 20) -> dict[str, float]:
    """The 95th percentile in milliseconds of each question: a page, and how many there are."""
    found = {}
    with store.read() as session:
        middle = page_of(session, Filters(), NOW, limit=500).following
        for name, filters in ASKED.items():
            found[name] = _p95(lambda f=filters: _page(store, f, None), rounds)  # type: ignore[misc]
    found["a later page"] = _p95(lambda: _page(store, Filters(), middle), rounds)
    return found


def _page(store: Store, filters: Filters, after: After | None) -> None:
    with store.read() as session:
        page_of(session, filters, NOW, after=after)
        counts_of(session, filters, NOW)


def _p95(one: Callable[[], None], rounds: int) -> float:
    one()
    took = []
    for _ in range(rounds):
        start = perf_counter()
        one()
        took.append((perf_counter() - start) * 1000)
    return statistics.quantiles(took, n=20)[-1]


def main() -> None:
    """Fill a store of its own, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'console.db'}")
        migrate(store)
        fill(store, given.items, given.entries)
        found = measure(store)
        store.close()
    worst = max(found.values())
    if given.json:
        print(json.dumps({"queue_query_p95_ms": round(worst, 1)}))
        return
    for name, took in found.items():
        print(f"{name:<20} {took:7.1f} ms")
    print(f"{'worst':<20} {worst:7.1f} ms")


if __name__ == "__main__":
    main()
