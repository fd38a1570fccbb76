"""The numbers behind the sample company, fitted to real learners; numbers only, no data.

Source: Open University Learning Analytics Dataset, Kuzilek, Hlosta, Zdrahal, Sci. Data 4:170171 (2017),
CC BY 4.0, https://analyse.kmi.open.ac.uk/open_dataset; course runs AAA 2013J and BBB 2013B from their
first day on, 1,548 learners with 10 active days over 56 days or more. Printed by
`python benchmarks/fit_simulation.py --data FOLDER`; docs/simulation.md says what each means.
"""

from winback.simulation.habits import Habits
from winback.simulation.statistics import Statistics

OBSERVED = Statistics(
    people=1548,
    share_mean=0.3136,
    share_sd=0.1913,
    weekday=(0.9045, 1.145, 1.115, 1.124, 1.071, 0.8655, 0.7742),
    persistence=(0.1261, 0.0667, 0.07042, 0.04097),
    log_count_mean=2.113,
    log_count_between=0.4607,
    log_count_within=1.055,
    feature_share=(0.9745, 0.6964, 0.3251, 0.2476, 0.1597, 0.1221),
    halved=0.1072,
    halved_days=66.69,
    quit_per_week=0.0095,
    fade_first=0.1336,
    fade_half_life=21.71,
)
"""Measured of the learners."""

HABITS = Habits(
    share_mean=0.2994,
    share_sd=0.1963,
    weekday=(0.8948, 1.135, 1.1, 1.14, 1.077, 0.8708, 0.7822),
    slow=0.0156,
    slow_days=40,
    mood=0.2849,
    mood_days=2.357,
    weekday_habit=0.08143,
    fading=0.1004,
    fading_days=55.24,
    log_count_mean=1.92,
    log_count_between=0.5664,
    log_count_within=1.287,
    feature_share=(0.971, 0.6959, 0.3239, 0.2478, 0.1597, 0.1227),
)
"""People drawn from these measure like the learners."""
