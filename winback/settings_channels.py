"""Settings of the ways out: mail, webhooks, Slack, calendars, and what grants a trial."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from winback.settings_section import Section, Zone

FOLDER = r'^[^%*"\\\x00-\x1f\x7f]{1,100}$'
"""What a folder of a mailbox may be called: no wildcards, no quotes."""


class Dkim(Section):
    """A signature that receivers check against a key in your DNS. See docs/channels.md."""

    selector: str = Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$",
        description="The record's name: SELECTOR._domainkey.DOMAIN.",
    )
    domain: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        description="The domain that signs; without one, that of company.sender.",
    )
    key: SecretStr = Field(description="Private key in PEM, RSA or Ed25519; write it as {$env: NAME}.")


class Smtp(Section):
    """A mail server. With this section present, messages leave the machine."""

    host: str = Field(description="Name or address of the server.")
    port: int = Field(587, ge=1, le=65535, description="587 for STARTTLS, 465 for TLS.")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="none only on loopback.")
    username: str | None = Field(None, description="If the server asks for one.")
    password: SecretStr | None = Field(None, description="Write it as {$env: NAME}.")
    timeout_seconds: float = Field(20, gt=0, le=300, description="For one message.")
    messages_per_connection: int = Field(
        50, ge=1, le=10000, description="After so many a connection is closed and a new one made."
    )
    idle_seconds: float = Field(
        30, ge=0, le=600, description="How long a connection is kept for the next message; 0 keeps none."
    )
    per_domain_per_minute: int | None = Field(
        None,
        ge=0,
        description="Most messages a minute to one domain, counted by each worker process for itself; "
        "without it no limit, 0 sends none.",
    )
    dkim: Dkim | None = Field(None, description="Signs each message; without it none is signed.")


class Webhook(Section):
    """A receiver of signed webhooks (Standard Webhooks). See docs/webhooks.md for what it must promise."""

    url: str = Field(description="Where they are posted; https, or http on loopback.")
    secrets: tuple[SecretStr, ...] = Field(
        min_length=1,
        max_length=5,
        description="Signing secrets (whsec_...), each as {$env: NAME}; two or more while they are being changed.",
    )
    timeout_seconds: float = Field(20, gt=0, le=300, description="For one webhook, from connection to answer.")


class Slack(Section):
    """A Slack-compatible incoming webhook."""

    url: SecretStr = Field(description="Its address, which is the secret: write it as {$env: NAME}.")
    timeout_seconds: float = Field(20, gt=0, le=300, description="For one message, from connection to answer.")


class Channels(Section):
    use: Literal["files", "smtp"] = Field("files", description="files: nothing leaves the machine.")
    folder: Path | None = Field(None, description="Where the files channel writes; default HOME/outbox.")
    smtp: Smtp | None = Field(None, description="Needed when `use` is smtp.")
    webhook: Webhook | None = Field(None, description="With it, signed webhooks can leave the machine.")
    slack: Slack | None = Field(None, description="With it, messages to your own people can go to Slack.")


class Feed(Section):
    """The feed of messages that your product shows to customers. See docs/feed.md."""

    token: SecretStr | None = Field(
        None,
        min_length=32,
        description="What your product's server shows, as {$env: NAME}; without it there is no feed.",
    )
    port: int = Field(8767, ge=0, le=65535, description="Loopback port it is served on, behind your web server.")


class CalDav(Section):
    """One calendar of a host on a CalDAV server: read for busy times, written with the calls."""

    url: str = Field(pattern=r"^https?://", description="The calendar's own address; https off loopback.")
    username: str | None = Field(None, description="If the server asks for one.")
    password: SecretStr | None = Field(None, description="Write it as {$env: NAME}.")
    timeout_seconds: float = Field(20, gt=0, le=300, description="For one request.")


class Ics(Section):
    """A calendar or free/busy file to read; calls are then written into HOME/calendar."""

    url: SecretStr = Field(description="Whoever knows it can read it: write it as {$env: NAME}.")
    timeout_seconds: float = Field(20, gt=0, le=300, description="For one request.")


class HostCalendar(Section):
    """Where one host's busy times are: exactly one of `caldav` and `ics`."""

    caldav: CalDav | None = Field(None, description="A calendar on a CalDAV server.")
    ics: Ics | None = Field(None, description="A calendar or free/busy file behind an address.")
    zone: Zone | None = Field(
        None, description="Where the host's days begin, for events without a zone; default company.zone."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.caldav is None) == (self.ics is None):
            raise ValueError("needs caldav or ics, not both; keep the one to be read")
        return self


class Stripe(Section):
    """A Stripe account. With this section present, a trial is a subscription there that ends by itself."""

    api_key: SecretStr = Field(description="Write it as {$env: NAME}, never in the file.")
    prices: dict[str, str] = Field(min_length=1, description="Plan of the catalogue to price id at Stripe.")
    customers: Path | None = Field(
        None,
        description="CSV file with columns account, customer; without one, customers' metadata winback_account.",
    )
    base_url: str | None = Field(None, pattern=r"^https?://", description="Only for a server beside Stripe's own.")
    stand_in: bool = Field(False, description="base_url is a localstripe on this machine, to try it out with.")
    timeout_seconds: float = Field(20, gt=0, le=80, description="For one call.")


class Entitlements(Section):
    """What an accepted trial is granted through, and taken back."""

    use: Literal["ledger", "webhook", "stripe"] = Field(
        "ledger", description="ledger: a file that your product reads; nothing leaves the machine."
    )
    folder: Path | None = Field(None, description="Where the ledger is; default HOME/entitlements.")
    stripe: Stripe | None = Field(None, description="Needed when `use` is stripe.")


class Imap(Section):
    """The mailbox of `company.sender`, to which customers answer and mail servers report."""

    host: str = Field(description="Name or address of the server.")
    port: int = Field(993, ge=1, le=65535, description="993 for TLS, 143 for STARTTLS.")
    security: Literal["tls", "starttls", "none"] = Field("tls", description="none only on loopback.")
    username: str = Field(description="Whose mailbox.")
    password: SecretStr = Field(description="Write it as {$env: NAME}.")
    folder: str = Field("INBOX", pattern=FOLDER, description="Where mail arrives.")
    handled: str = Field(
        "Winback", pattern=FOLDER, description="Where mail goes when it was taken; made if it is not there."
    )
    timeout_seconds: float = Field(30, gt=0, le=300, description="For one answer of the server.")


class Inbox(Section):
    """What comes back: by mail, or from a mail provider's webhook. See docs/inbox.md."""

    imap: Imap | None = Field(None, description="The mailbox that is read; without it, none is.")
    webhook_secrets: tuple[SecretStr, ...] | None = Field(
        None,
        min_length=1,
        max_length=5,
        description="With them the pages take a provider's webhooks at /hooks/inbox: secrets (whsec_...), each as "
        "{$env: NAME}; two or more while they are being changed.",
    )
    complaint_stops: bool = Field(True, description="Whether somebody who calls a message spam is unsubscribed.")
