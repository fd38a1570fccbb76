"""One of something is no several of them."""

import re

ONE = re.compile(r"(?<![\w.,-])1 (good one|day|hour|contact|bounce|complaint|rule|finding)s\b")


def mend_one(sentence: str) -> str:
    """`1 contacts` as `1 contact`, in a sentence that was filled with numbers."""
    return ONE.sub(r"1 \1", sentence)
