"""A small company that has lived for a moment, with its config.yaml, for the commands that look back."""

from dataclasses import replace
from pathlib import Path

from policies.load import load_policy
from tests.conftest import migrated_sqlite
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback import event_log
from winback.settings import Log
from winback.store.store import Store
from winback.testing.world import AS_OF, add_account, open_case, sample_drop, world
from winback.usage.drop import DropKind
from workers.act import act_all
from workers.known_names import known_names
from workers.policy_source import PolicySource
from workers.propose import propose_all

LIVE = """
version: 1
author: Ines
rules:
  - {id: tools, kind: allow_tools, allow: [
      {tools: [send_tutorial], drops: [feature_fell], mode: auto},
      {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: held, kind: holdout, share: 0.3, seed: seven}
"""
STRICTER = LIVE + "  - {id: stop, kind: kill_switch, engaged: true, reason: an audit}\n"
KINDS = (DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED, DropKind.ALL_QUIET)


def lived(folder: Path, *, shadow: str | None = None, cases: int = 9) -> Path:
    """Cases of three kinds, proposed and acted on under `LIVE`; the last has no consent. Returns config.yaml."""
    event_log.configure(Log(level="error"))
    (folder / "winback.db").write_bytes(migrated_sqlite())
    store = Store(f"sqlite:///{folder / 'winback.db'}")
    with world(store, folder, LIVE) as services:
        if shadow is not None:
            path = folder / "shadow.yaml"
            path.write_text(shadow, encoding="utf-8")
            names = known_names(default_registry(), load_catalogue(None))
            services = replace(services, shadow=PolicySource(path, lambda: load_policy(path, names)))  # noqa: PLW2901
        with store.write("test") as session:
            for number in range(1, cases + 1):
                consent = "unknown" if number == cases else "granted"
                account = add_account(session, f"acme-{number}", consent=consent)
                account.name = f"Acme [b]{number}\x1b[31m"
                open_case(session, account, sample_drop(account.key, KINDS[number % len(KINDS)]))
        propose_all(services, AS_OF)
        act_all(services)
    store.close()
    policies = "policy.yaml" if shadow is None else "policy.yaml, shadow: shadow.yaml"
    config = folder / "config.yaml"
    config.write_text(f"version: 1\nhome: .\npolicies: {{path: {policies}}}\n", encoding="utf-8")
    return config
