"""Settings of the customer's pages."""

from typing import Literal

from pydantic import Field, SecretStr

from winback.settings_section import Network, Section


class Pages(Section):
    """The customer's pages: accept an offer, choose a time, preferences, unsubscribe, why."""

    base_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="Address under which customers reach the pages; without one, messages have no links.",
    )
    port: int = Field(
        8766, ge=0, le=65535, description="Loopback port they are served on, behind your web server."
    )
    signing_key: SecretStr | None = Field(
        None, min_length=32, description="Signs the links, as {$env: NAME}; without one, a key file in HOME."
    )
    survey: Literal["csat", "ces", "nps"] = Field("csat", description="The one question after an act.")
    trusted_proxy: Network | None = Field(
        None,
        description="Address or network of your web server, such as 127.0.0.1: what it says of visitors' "
        "addresses (X-Forwarded-For) is believed. Without it, all visitors count as one.",
    )
    requests_per_minute: int = Field(
        120,
        ge=1,
        le=100_000,
        description="Of one visitor; more are asked to wait. Unsubscribing has ten times that.",
    )
    kept: str = Field(
        "until you ask for them to be erased",
        max_length=200,
        description="How long you keep usage data and messages, as it completes 'We keep these data ...'.",
    )
    kept_hi: str = Field("मिटाने के आपके अनुरोध तक", max_length=200, description="The same in Hindi.")
