"""Settings of the review console."""

from typing import Literal

from pydantic import Field, SecretStr

from winback.settings_section import Network, Section


class Oidc(Section):
    """Signing in by an OpenID Connect provider: the authorization code flow with PKCE. See docs/console.md."""

    issuer: str = Field(
        pattern=r"^https?://[^\s?#]+$",
        max_length=300,
        description="The provider, exactly as its discovery document calls itself.",
    )
    client_id: str = Field(min_length=1, max_length=300, description="What the provider calls this console.")
    client_secret: SecretStr = Field(
        min_length=16,
        description="As the provider made it, written {$env: NAME}; it also signs a short-lived cookie.",
    )
    scopes: str = Field("openid profile email", description="What is asked for; openid must be among it.")
    role_claim: str = Field(
        "roles",
        min_length=1,
        description="The claim of the ID token that says what somebody may: a text or a list of them. A dot goes "
        "one level down, as in realm_access.roles.",
    )
    roles: dict[str, Literal["viewer", "reviewer", "operator"]] = Field(
        min_length=1,
        description="What a value of that claim makes somebody; whoever has none of them does not get in.",
    )
    passwords: bool = Field(True, description="Whether people may sign in by password as well.")
    label: str | None = Field(
        None,
        min_length=1,
        max_length=80,
        description="Words of the link; without any, ours in the reader's language.",
    )


class Console(Section):
    """The review console: who reaches it where, and for how long a sign-in holds."""

    port: int = Field(8765, ge=0, le=65535, description="Loopback port of `winback up` and `winback serve`.")
    base_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+$",
        description="Address under which your people reach the console, without a path; "
        "without one, the loopback port.",
    )
    trusted_proxy: Network | None = Field(
        None,
        description="Address or network of your web server before the console: what it says of visitors' "
        "addresses (X-Forwarded-For) is believed.",
    )
    requests_per_minute: int = Field(600, ge=10, le=100_000, description="Of one address; more are asked to wait.")
    sign_ins_per_minute: int = Field(10, ge=1, le=1000, description="Tries to sign in from one address.")
    failures: int = Field(10, ge=3, le=100, description="Wrong passwords in a row that lock a user out.")
    locked_minutes: int = Field(15, ge=1, le=1440, description="For how long.")
    idle_hours: int = Field(12, ge=1, le=720, description="A sign-in that was not used for so long is over.")
    session_hours: int = Field(168, ge=1, le=8760, description="A sign-in is over after so long at the latest.")
    oidc: Oidc | None = Field(None, description="Signing in by an OpenID Connect provider.")
    undo_seconds: int = Field(
        20, ge=0, le=3600, description="How long an approval on a page rests before it is due, to be taken back."
    )
    bulk_most: int = Field(20, ge=1, le=200, description="Most items that can be approved at once.")
    planted_share: float = Field(
        0.0,
        ge=0,
        le=0.2,
        description="Share of queue items that are planted with a known fault; see reviewers.md.",
    )

    @property
    def by_password(self) -> bool:
        """Whether people may sign in by password."""
        return self.oidc is None or self.oidc.passwords
