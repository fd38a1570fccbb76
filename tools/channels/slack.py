"""A message to the operator's own people, over a Slack-compatible incoming webhook.

Blind: Slack keeps no key and can be asked nothing. Its URL is the secret and is shown nowhere.
"""

import re
import ssl

from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.channels.http_send import Answer, Sender, wait_of
from tools.channels.slack_message import slack_message
from winback.clock import Clock, SystemClock
from winback.settings_channels import Slack

# Slack's errors are words such as no_service; anything else might be an echo of what it was given.
_WORD = re.compile(r"[a-z]+(?:_[a-z]+){0,8}")
# It says itself that it did not come to read it.
_LATER = (408, 425, 429)


class SlackChannel:
    """Posts each parcel as one message. `tls` overrides the machine's own trust store."""

    name = "slack"
    capability: Capability = "blind"
    can_tell = False

    def __init__(self, settings: Slack, *, clock: Clock | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._sender = Sender(settings.url.get_secret_value(), settings.timeout_seconds, "channels.slack", tls)
        self._clock = clock or SystemClock()

    def send(self, parcel: Parcel) -> Receipt:
        answer = self._sender.post(slack_message(parcel), {}, parcel.last_word)
        if answer.status == 200 and answer.words == "ok":
            return Receipt(
                self.name, reference=f"{parcel.case_id}-{parcel.key[:12]}", answer="200 ok", at=parcel.sent_at
            )
        raise self._refused(answer)

    def lookup(self, key: str) -> Receipt | None:
        raise MaybeSent(f"Slack cannot be asked about {key[:12]}; look whether it stands in the channel")

    def probe(self) -> None:
        """Raises SetupError when Slack cannot be reached; sends nothing."""
        self._sender.probe()

    def _refused(self, answer: Answer) -> NotSent | MaybeSent:
        said = self._said(answer)
        if answer.status in _LATER:
            return NotSent(
                f"Slack cannot take it now: {said}", retry=True, after=wait_of(answer, self._clock.now())
            )
        if 300 <= answer.status < 400:
            return NotSent(f"Slack answers with a redirect ({said}), which is not followed", retry=False)
        if 400 <= answer.status < 500:
            return NotSent(f"Slack refused it: {said}", retry=False)
        return MaybeSent(f"Slack's answer does not tell whether it took it: {said}")

    def _said(self, answer: Answer) -> str:
        """The status, and Slack's word for it where it is one."""
        word = answer.words
        safe = _WORD.fullmatch(word) and len(word) <= 60 and word not in self._settings.url.get_secret_value()
        return f"{answer.status} {word}" if safe else str(answer.status)
