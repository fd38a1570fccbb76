"""What judging costs: twenty rules and a typical act that they allow, and a log of decisions judged again.

`evaluate_us` is the verdict with the word of every rule kept; `record_us` adds the canonical record of facts
and verdict and its SHA-256, as the decision log gets them. Beside them, in the same run, equivalent rules in
Cedar (`cedarpy`), in CEL (`cel`) and as plain Python functions: their yes or no alone. Cedar and CEL are
given what they cannot work out themselves (contacts counted in their windows, local time), free of charge.
All engines agree on ten acts, or the program stops. Medians over many short batches that take turns.

`replay_100k_s` judges a SQLite log of 100,000 decisions again under a changed policy, database and start of
processes included; `replay_reproduced_100k_s` under the very policy, with the word of every rule compared;
`replay_recounted_100k_s` under one that asks for counts that the log does not hold.

    python benchmarks/policy.py [--decisions 100000] [--json]
"""

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Call = Callable[[], object]
BATCH_US = 400
ROUNDS = 300


def microseconds(calls: dict[str, Call]) -> dict[str, float]:
    """The median time of each call over short batches, which take turns so that a busy moment hits all."""
    sizes = {name: max(1, round(BATCH_US / (_batch(call, 20) or 1))) for name, call in calls.items()}
    took: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            took[name].append(_batch(call, sizes[name]))
    return {name: statistics.median(found) for name, found in took.items()}


def _batch(call: Call, times: int) -> float:
    started = time.perf_counter_ns()
    for _ in range(times):
        call()
    return (time.perf_counter_ns() - started) / times / 1000


def judging() -> dict[str, float]:
    """Microseconds a judgement."""
    # Processes that replay starts import this file again: what they do not need is imported here.
    import policy_acts as acts  # noqa: PLC0415
    import policy_engines as engines  # noqa: PLC0415

    from policies.evaluate import evaluate  # noqa: PLC0415
    from policies.plain import record  # noqa: PLC0415

    ours, plain = engines.winback_engine(), engines.plain_engine()
    cedar, cel = engines.cedar_engine(), engines.cel_engine()
    for facts in (acts.typical(), *acts.others()):
        known = acts.known(facts)
        answers = {ours(facts), plain(facts), cedar(known), cel(known)}
        assert answers == {facts == acts.typical()}, f"the engines do not agree on {facts}"
    judge, act = acts.policy(), acts.typical()
    known = acts.known(act)

    def recorded() -> str:
        return hashlib.sha256(record(act, evaluate(judge, act), shadow=None)).hexdigest()

    return microseconds(
        {
            "evaluate_us": lambda: evaluate(judge, act),
            "record_us": recorded,
            "cedar_us": lambda: cedar(known),
            "cel_us": lambda: cel(known),
            "plain_us": lambda: plain(act),
        }
    )


def replaying(decisions: int) -> dict[str, float]:
    """Seconds to judge a log again, the best of three: the machine's other work only ever adds."""
    import policy_acts as acts  # noqa: PLC0415
    from policy_log import write_log  # noqa: PLC0415

    from winback.store.migrate import migrate  # noqa: PLC0415
    from winback.store.store import Store  # noqa: PLC0415
    from workers.hindsight.replay import replay  # noqa: PLC0415

    cap = {"id": "cap-account", "kind": "frequency_cap", "scope": "account", "max": 1, "window": acts.rolling(45)}
    asking = {"id": "cap-everything", "kind": "frequency_cap", "scope": "global", "max": 5000,
              "window": acts.rolling(9)}  # fmt: skip
    policies = {
        "replay": acts.policy(cap),
        "replay_reproduced": acts.policy(),
        "replay_recounted": acts.policy(asking),
    }
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'log.db'}")
        migrate(store)
        write_log(store, decisions, lambda _done, _of: None)
        for name, judge in policies.items():
            best = float("inf")
            for _ in range(3):
                started = time.perf_counter()
                found = replay(store, judge)
                best = min(best, time.perf_counter() - started)
                assert found.decisions == decisions
                wrong = found.differing.count, found.altered.count, found.unknown.count, found.inexact
                assert wrong == (0, 0, 0, 0)
            took[f"{name}_{decisions // 1000}k_s"] = best
        store.close()
    return took


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = judging()
    ours = found["evaluate_us"]
    result = {
        **found,
        **{f"{name}_over_evaluate": found[f"{name}_us"] / ours for name in ("cedar", "cel", "plain")},
        **replaying(options.decisions),
    }
    result = {name: round(value, 2) for name, value in result.items()}
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<28}{value:>10}")


if __name__ == "__main__":
    main()
