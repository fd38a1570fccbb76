"""Charts as SVG from the server: no script, no style attribute, colours that follow the page's own.

Everything is drawn in `currentColor` and told apart by strength, dashes and words, so that it reads in the
dark, in the light, in print, and without colour. `chart_table` says the same to who does not see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from policies.telling import Translate
from winback.console.evidence.phrase import english, phrase, shown
from winback.console.evidence.usage import Usage

WIDTH, LEFT, RIGHT = 720, 40, 710
TOP, PLOT, STRIP = 28, 150, 40
ROW = 22
NAME = 40
"""Characters of a feature's name that fit."""


@dataclass(frozen=True)
class Tongue:
    """The reader's language, and what translates our words into it."""

    language: str = "en"
    say: Translate = english

    def __call__(self, key: str, **values: object) -> str:
        return phrase(key, **values).said(self.say)

    def day(self, day: date) -> str:
        """A day of the chart."""
        return format_date(day, "d MMM y", locale=self.language)

    def number(self, value: float) -> str:
        """A number with at most one decimal."""
        return format_decimal(value, "#,##0.#", locale=self.language)


def usage_chart(usage: Usage, tongue: Tongue = Tongue()) -> Markup:
    """The chart of one drop: the level day by day, baseline, expected band, onset and today; then the features."""
    height = TOP + PLOT + STRIP + 44 + (ROW * (len(usage.features) + 1) if usage.features else 0)
    parts = [
        _tag("title", tongue("Usage since {day}", day=tongue.day(usage.days[0].day))),
        _tag("desc", chart_words(usage, tongue)),
        *_Plot(usage, tongue).parts(),
        *_features(usage, tongue, TOP + PLOT + STRIP + 60),
    ]
    inside = Markup("\n").join(parts)
    head = _attributes(
        {"class": "chart", "viewBox": f"0 0 {WIDTH} {height}", "role": "img", "font-size": 12,
         "xmlns": "http://www.w3.org/2000/svg"}
    )  # fmt: skip
    return Markup("<svg{}>\n{}\n</svg>").format(head, inside)


def chart_words(usage: Usage, tongue: Tongue = Tongue()) -> str:
    """The chart in one sentence."""
    return tongue(
        "Active on {seen} of {window} days up to {as_of}; {expected} expected, {low} to {high} usual, "
        "{baseline} before the fall of {onset}.",
        seen=usage.seen, window=usage.window, as_of=tongue.day(usage.as_of), low=usage.low, high=usage.high,
        expected=tongue.number(usage.expected), baseline=tongue.number(usage.baseline),
        onset=tongue.day(usage.onset),
    )  # fmt: skip


def chart_table(usage: Usage, tongue: Tongue = Tongue()) -> Markup:
    """The same numbers as a table: every window backwards from the last day."""
    ends = usage.days[::-1][:: usage.window][::-1]
    heads = (tongue("Days up to"), tongue("Active days"), tongue("Uses"))
    rows = [
        (tongue.day(one.day), str(one.active), str(_uses(usage, one.day)))
        for one in ends
    ]  # fmt: skip
    caption = _tag("caption", chart_words(usage, tongue))
    head = Markup("").join(_tag("th", one, {"scope": "col"}) for one in heads)
    body = Markup("\n").join(
        Markup("<tr>{}{}{}</tr>").format(_tag("th", row[0], {"scope": "row"}), *(_tag("td", x) for x in row[1:]))
        for row in rows
    )
    return Markup(
        '<table class="chart-table">\n{}\n<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table>'
    ).format(caption, head, body)


def _uses(usage: Usage, last: date) -> int:
    return sum(one.uses for one in usage.days if 0 <= (last - one.day).days < usage.window)


def sparkline(weeks: tuple[int, ...], tongue: Tongue = Tongue()) -> Markup:
    """Twelve weeks as one small line."""
    step = 88 / max(len(weeks) - 1, 1)
    points = " ".join(f"{1 + n * step:.1f},{19 - 18 * min(value, 7) / 7:.1f}" for n, value in enumerate(weeks))
    label = tongue("Active days a week, oldest first: {weeks}", weeks=", ".join(map(str, weeks)))
    line = _tag("polyline", None, {"points": points, "fill": "none", "stroke": "currentColor"})
    head = _attributes({"class": "sparkline", "viewBox": "0 0 90 20", "width": 90, "height": 20, "role": "img"})
    return Markup("<svg{}>{}{}</svg>").format(head, _tag("title", label), line)


class _Plot:
    """The two upper parts: the level of every day, and below it how often it was used."""

    def __init__(self, usage: Usage, tongue: Tongue) -> None:
        self.usage, self.tongue = usage, tongue
        self.first = usage.days[0].day
        last = max(usage.days[-1].day, min(usage.today, date.fromordinal(usage.days[-1].day.toordinal() + 7)))
        self.step = (RIGHT - LEFT) / ((last - self.first).days + 1)

    def parts(self) -> Iterator[Markup]:
        usage = self.usage
        top = self.y(usage.high)
        yield _tag("rect", None, {
            "class": "band", "x": LEFT, "y": _round(top), "width": RIGHT - LEFT,
            "height": _round(self.y(usage.low) - top), "fill": "currentColor", "fill-opacity": 0.12,
        })  # fmt: skip
        yield self.level("baseline", usage.baseline, LEFT, self.x(usage.onset), "6 3")
        yield self.level("expected", usage.expected, self.x(usage.onset), RIGHT, "2 3")
        for level in (0, usage.window):
            yield _text(LEFT - 6, self.y(level) + 4, str(level), anchor="end")
        points = " ".join(f"{_round(self.x(one.day))},{_round(self.y(one.active))}" for one in usage.days)
        yield _tag("polyline", None, {
            "class": "active", "points": points, "fill": "none", "stroke": "currentColor", "stroke-width": 2,
        })  # fmt: skip
        yield from self.mark("onset", usage.onset, self.tongue("fell {day}", day=self.tongue.day(usage.onset)), 12)
        if self.x(usage.today) <= RIGHT:
            yield from self.mark("today", usage.today, self.tongue("today"), 24)
        yield from self.strip()

    def level(self, name: str, value: float, start: float, end: float, dashes: str) -> Markup:
        y = _round(self.y(value))
        return _tag("line", None, {
            "class": name, "x1": _round(start), "y1": y, "x2": _round(end), "y2": y,
            "stroke": "currentColor", "stroke-dasharray": dashes,
        })  # fmt: skip

    def mark(self, name: str, day: date, words: str, y: int) -> Iterator[Markup]:
        x = _round(self.x(day))
        yield _tag("line", None, {
            "class": name, "x1": x, "y1": y + 2, "x2": x, "y2": TOP + PLOT + STRIP + 16,
            "stroke": "currentColor", "stroke-opacity": 0.6,
        })  # fmt: skip
        yield _text(x, y, words, anchor="end" if self.x(day) > WIDTH / 2 else "start")

    def strip(self) -> Iterator[Markup]:
        usage, bottom = self.usage, TOP + PLOT + STRIP + 16
        most = max((one.uses for one in usage.days), default=0) or 1
        bars = "".join(
            f"M{_round(self.x(one.day))},{bottom}v-{_round(max(1.0, STRIP * one.uses / most))}"
            for one in usage.days
            if one.uses
        )
        width = _round(max(1.0, self.step * 0.7))
        yield _tag("path", None, {
            "class": "uses", "d": bars or f"M{LEFT},{bottom}", "stroke": "currentColor", "stroke-opacity": 0.5,
            "stroke-width": width, "fill": "none",
        })  # fmt: skip
        yield _text(LEFT - 6, bottom - STRIP + 4, str(most), anchor="end")
        yield _text(LEFT, bottom + 14, self.tongue.day(self.first))
        yield _text(RIGHT, bottom + 14, self.tongue.day(usage.days[-1].day), anchor="end")

    def x(self, day: date) -> float:
        return LEFT + ((day - self.first).days + 0.5) * self.step

    def y(self, level: float) -> float:
        return TOP + PLOT * (1 - min(level, self.usage.window) / self.usage.window)


def _features(usage: Usage, tongue: Tongue, top: int) -> Iterator[Markup]:
    """A line from before to after for each feature that fell, on a scale of a week."""
    if usage.features:
        yield _text(LEFT, top, tongue("Features that fell, in active days a week, before and since"))
    start, scale = 300, (RIGHT - 60 - 300) / 7
    for number, one in enumerate(usage.features, start=1):
        y = top + ROW * number
        before, after = (_round(start + scale * min(value, 7)) for value in (one.before, one.after))
        yield _text(start - 10, y, shown(one.feature, NAME), anchor="end")
        yield _tag("line", None, {
            "class": "fell", "x1": after, "y1": y - 4, "x2": before, "y2": y - 4, "stroke": "currentColor",
            "stroke-opacity": 0.4, "stroke-width": 6,
        })  # fmt: skip
        yield _tag("circle", None, {"class": "after", "cx": after, "cy": y - 4, "r": 4, "fill": "currentColor"})
        words = f"{tongue.number(one.before)} → {tongue.number(one.after)}"
        yield _text(RIGHT, y, words, anchor="end")


def _text(x: float | str, y: float, words: str, anchor: str = "start") -> Markup:
    return _tag(
        "text",
        words,
        {
            "x": x if isinstance(x, str) else _round(x),
            "y": _round(y),
            "text-anchor": anchor,
            "fill": "currentColor",
        },
    )


def _tag(name: str, words: str | None, attributes: dict[str, object] | None = None) -> Markup:
    head = Markup(f"<{name}") + _attributes(attributes or {})  # noqa: S704  a name of ours
    return head + Markup("/>") if words is None else Markup("{}>{}</{}>").format(head, words, name)


def _attributes(values: dict[str, object]) -> Markup:
    return Markup("").join(Markup(' {}="{}"').format(name, escape(value)) for name, value in values.items())


def _round(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
