"""One import, as it is kept: an immutable Parquet file and the JSON manifest beside it."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from winback.errors import SetupError


class Partition(BaseModel):
    """The manifest. A partition exists once its manifest does.

    `digest` names the source's content together with how it was read; `sequence` orders imports:
    where two partitions speak of the same key, the greater one counts. `read` counts the rows of
    the source, `rows` the keys that are kept, `zeros` those of them that say "no activity", `bad`
    the refused rows by reason; `nameless` rows had lost a contact who was erased, `left_out` ones were
    of an erased account.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    sequence: int = Field(ge=1)
    source: str
    imported_at: AwareDatetime
    read: int = Field(ge=0)
    good: int = Field(ge=0)
    rows: int = Field(ge=0)
    zeros: int = Field(ge=0)
    accounts: int = Field(ge=0)
    days: int = Field(ge=0)
    first_day: date
    last_day: date
    bad: dict[str, int] = Field(default_factory=dict)
    side_file: str | None = None
    nameless: int = Field(default=0, ge=0)
    left_out: int = Field(default=0, ge=0)

    def file(self, folder: Path) -> Path:
        return folder / f"{self.digest}.parquet"

    def manifest(self, folder: Path) -> Path:
        return folder / f"{self.digest}.json"


def read_manifest(path: Path) -> Partition:
    """Read one manifest.

    Raises:
        SetupError: it is not one of ours, or its Parquet file is gone.
    """
    try:
        partition = Partition.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise SetupError(
            "this record of an import is damaged",
            where=str(path),
            fix="restore it from a backup, or delete it and import its file again",
        ) from None
    if not partition.file(path.parent).is_file():
        raise SetupError(
            f"the data of the import of {partition.source} is gone",
            where=str(partition.file(path.parent)),
            fix=f"restore it from a backup, or delete {path.name} and import the file again",
        )
    return partition


def overlap_groups(partitions: Sequence[Partition]) -> list[list[Partition]]:
    """Partitions in groups: days of two groups never meet, and each group is in import order."""
    groups: list[list[Partition]] = []
    reach = date.min
    for partition in sorted(partitions, key=lambda one: (one.first_day, one.last_day)):
        if groups and partition.first_day <= reach:
            groups[-1].append(partition)
        else:
            groups.append([partition])
        reach = max(reach, partition.last_day)
    return [sorted(group, key=import_order) for group in groups]


def import_order(partition: Partition) -> tuple[int, str]:
    """Two imports at the same moment may draw the same number; the digest settles it."""
    return partition.sequence, partition.digest
