"""Settings: one model, loaded once (`winback.settings_file`), passed down.

Any value may be written `{$env: NAME}` (or `{$env: NAME, default: value}`) and is then taken from the
environment; secrets are taken from nowhere else. Every key is described in docs/settings.md.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from winback.settings_channels import Channels, Entitlements, Feed, HostCalendar, Inbox
from winback.settings_console import Console
from winback.settings_pages import Pages
from winback.settings_section import Section, Zone


class Company(Section):
    """Who writes to the customers: shown in every message."""

    name: str = Field("Your company", min_length=1, max_length=80, description="Name shown to customers.")
    sender: str = Field(
        "success@example.invalid",
        pattern=r"^[!#-'*+/-9=?A-Z^-~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        description="Address that messages come from.",
    )
    stop: str = Field(
        "reply with the word STOP",
        max_length=200,
        description="How a customer stops all messages, in English, as it completes 'To stop: ...'.",
    )
    stop_hi: str = Field("जवाब में STOP लिखें", max_length=200, description="The same in Hindi.")
    zone: Zone = Field("UTC", description="The operator's time zone; also the fallback for people without one.")
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of every amount.")


class Database(Section):
    """Where cases, proposals, effects and the decision log live."""

    url: SecretStr | None = Field(
        None,
        description="SQLAlchemy URL (sqlite:///FILE or postgresql+psycopg://...); without one, SQLite in `home`.",
    )
    busy_seconds: float = Field(
        15, gt=0, le=300, description="How long to wait for another writer before giving up."
    )


class Columns(Section):
    """Names of the columns in your usage files."""

    account: str = Field("account", description="The customer.")
    contact: str = Field("contact", description="The person; may be absent from the file.")
    feature: str = Field("feature", description="What was used; may be absent from the file.")
    day: str = Field("day", description="Date (YYYY-MM-DD) or timestamp.")
    count: str = Field("count", description="How often that day; absent means once a row.")


class Usage(Section):
    columns: Columns = Field(default_factory=Columns, description="Names of the columns in your usage files.")
    zone: Zone = Field("UTC", description="The zone in which a timestamp's day is taken.")


class Detection(Section):
    """The two-channel detector. See docs/detection.md for what each number does."""

    budget: float = Field(1.0, gt=0, le=50, description="False alarms you accept per 100 healthy user-weeks.")
    window_days: int = Field(7, ge=3, le=14, description="Days that are compared with what was expected.")
    baseline_days: int = Field(56, ge=14, le=56, description="Days before the window that make the baseline.")
    horizon_days: int = Field(28, ge=7, le=90, description="Days of silence that count as a lapse.")
    min_lost_days: float = Field(2.0, ge=0, description="Active days a week that must be missing at least.")
    min_group: int = Field(20, ge=2, description="Accounts a group needs to be compared among itself.")
    cooldown_days: int = Field(
        14, ge=0, description="Days after a case closed before the account can have another."
    )
    hold_below: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Hold all alarms when activity is under this share of its weekday median.",
    )


class Model(Section):
    """Any OpenAI-compatible endpoint. Without `base_url` and `name`, the embedded model for trying out."""

    base_url: str | None = Field(None, pattern=r"^https?://", description="For example https://host/v1.")
    name: str | None = Field(None, description="The model's name at that endpoint.")
    api_key: SecretStr | None = Field(None, description="Write it as {$env: NAME}, never in the file.")
    temperature: float = Field(0.0, ge=0, le=2, description="0 for the most repeatable choices.")
    timeout_seconds: float = Field(30, gt=0, le=600, description="For one call.")
    attempts: int = Field(3, ge=1, le=10, description="Calls before the model counts as failed for a case.")
    max_tokens: int = Field(600, ge=16, le=8192, description="Longest answer.")
    price_in: float = Field(0.0, ge=0, description="Price of a million tokens sent, in the company's currency.")
    price_out: float = Field(0.0, ge=0, description="Price of a million tokens answered.")
    structured: Literal["json_schema", "function_calling"] = Field(
        "json_schema", description="How the endpoint is asked for a typed answer."
    )


class Policies(Section):
    path: Path | None = Field(None, description="Policy file or folder; without one, the default policy.")
    shadow: Path | None = Field(
        None, description="A proposed policy that judges beside the live one; it decides nothing."
    )
    catalogue: Path | None = Field(None, description="What may be offered; without one, the sample catalogue.")


class Schedule(Section):
    """Cron expressions in the company's zone."""

    pass_: str = Field("0 6 * * *", alias="pass", description="When a full pass (scan, propose, judge) starts.")
    act_every_seconds: int = Field(30, ge=1, le=3600, description="How often due effects are carried out.")
    inbox_every_seconds: int = Field(120, ge=10, le=86_400, description="How often the mailbox is read.")


class Worker(Section):
    lease_seconds: float = Field(120, gt=0, le=3600, description="How long one effect may take.")
    propose_again_days: int = Field(
        7, ge=1, le=90, description="When nobody could be contacted for a case, days until an agent looks again."
    )
    max_attempts: int = Field(6, ge=1, le=50, description="Tries of one effect before a person is asked.")


class Decisions(Section):
    """The decision log's signed checkpoints."""

    origin: str = Field(
        "winback",
        pattern=r"^[!-*,-~]{1,100}$",
        description="Name of this log in its checkpoints: no spaces, no plus sign.",
    )
    checkpoints: Path | None = Field(
        None, description="Folder of the signed checkpoints, best on another machine; default HOME/checkpoints."
    )
    checkpoint: str = Field("0 * * * *", description="When one is written, changes or not: a cron expression.")
    signing_key: SecretStr | None = Field(
        None, description="From 'winback log key --new', as {$env: NAME}; without one, a key file in HOME."
    )


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe event shown.")
    format: Literal["text", "json"] = Field("text", description="json for machines.")


class Settings(Section):
    """All of config.yaml."""

    version: Literal[1] = Field(1, description="Version of this file's format.")
    home: Path = Field(Path("data"), description="Folder for everything Winback keeps; relative to config.yaml.")
    company: Company = Field(default_factory=Company, description="Who writes to the customers.")
    database: Database = Field(default_factory=Database, description="Where state lives.")
    usage: Usage = Field(default_factory=Usage, description="How usage files are read.")
    detection: Detection = Field(default_factory=Detection, description="The drop detector.")
    model: Model = Field(default_factory=Model, description="The language model.")
    policies: Policies = Field(default_factory=Policies, description="Rules and catalogue.")
    channels: Channels = Field(default_factory=Channels, description="How messages leave.")
    feed: Feed = Field(default_factory=Feed, description="Messages that your product shows.")
    calendars: dict[str, HostCalendar] = Field(
        default_factory=dict,
        description="Calendars of hosts, by mail address; a host without one has the catalogue's office hours.",
    )
    entitlements: Entitlements = Field(default_factory=Entitlements, description="How trials are granted.")
    inbox: Inbox = Field(default_factory=Inbox, description="What comes back by mail.")
    schedule: Schedule = Field(default_factory=Schedule, description="When things run.")
    worker: Worker = Field(default_factory=Worker, description="How effects are carried out.")
    decisions: Decisions = Field(default_factory=Decisions, description="The decision log.")
    console: Console = Field(default_factory=Console, description="The review console.")
    pages: Pages = Field(default_factory=Pages, description="The customer's pages.")
    log: Log = Field(default_factory=Log, description="Events on the standard error.")

    @property
    def database_url(self) -> str:
        if self.database.url is not None:
            return self.database.url.get_secret_value()
        return f"sqlite:///{self.home / 'winback.db'}"

    @property
    def usage_folder(self) -> Path:
        return self.home / "usage"

    @property
    def outbox_folder(self) -> Path:
        return self.channels.folder or self.home / "outbox"

    @property
    def calendar_folder(self) -> Path:
        return self.home / "calendar"

    @property
    def entitlement_folder(self) -> Path:
        return self.entitlements.folder or self.home / "entitlements"

    @property
    def checkpoint_folder(self) -> Path:
        return self.decisions.checkpoints or self.home / "checkpoints"
