"""Calls written into a host's calendar on a CalDAV server.

Keyed: a call has one place there, made from its UID; a write is bound to what was read just before
(If-Match, If-None-Match), and a version that was written once is not written again. An entry that
somebody removed by hand counts as never written.
"""

from collections.abc import Mapping
from typing import Any

from caldav.davclient import DAVClient
from caldav.elements import dav

from tools.calendars.caldav_server import MENDABLE, DavFailureError, asking, calendar_at, connected, failure
from tools.calendars.event import PREFIX, Held, entry, held_in, kept, payload_of, resource_name, standing
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from winback.errors import SetupError
from winback.settings_channels import CalDav

# Reads anew when somebody else wrote between reading and writing.
TURNS = 3
_MAY_WRITE = {"{DAV:}all", "{DAV:}write", "{DAV:}bind", "{DAV:}write-content"}


class CalDavEvents:
    """One calendar."""

    name = "caldav"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, settings: CalDav) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/") + "/"

    def send(self, parcel: Parcel) -> Receipt:
        payload = payload_of(parcel)
        name = resource_name(payload.uid)
        with connected(self._settings) as client:
            for _ in range(TURNS):
                held, etag = self._read(client, name)
                if (found := standing(held, payload, parcel.key)) != "write":
                    return Receipt(self.name, name, kept(found), parcel.sent_at)
                if self._write(client, name, entry(parcel, payload, held), _bound(held, etag)):
                    answer = "cancelled" if payload.cancelled else "changed" if held else "written"
                    return Receipt(self.name, name, answer, parcel.sent_at)
        raise NotSent("the event keeps changing while it is written", retry=True, channel_failed=False)

    def lookup(self, key: str) -> Receipt | None:
        """Looks through our own entries only, whose names tell them."""
        try:
            with asking(), connected(self._settings) as client:
                children = calendar_at(client, self._base).children()
                names = [str(url).rpartition("/")[2] for url, _, _ in children]
                for name in (one for one in names if one.startswith(PREFIX)):
                    held, _ = self._get(client, name)
                    if held and key in (one for _, one in held.keys):
                        return Receipt(self.name, name, "there", held.stamp)
        except DavFailureError as error:
            raise MaybeSent(f"the calendar cannot be asked: {error.reason}") from None
        return None

    def probe(self) -> None:
        try:
            with asking(), connected(self._settings) as client:
                found = calendar_at(client, self._base).get_properties(
                    [dav.ResourceType(), dav.CurrentUserPrivilegeSet()]
                )
                problem = _problem(found)
        except DavFailureError as error:
            problem = error.reason
        if problem:
            raise SetupError(problem, where=self._base, fix="check its caldav section under calendars")

    def _read(self, client: DAVClient, name: str) -> tuple[Held | None, str | None]:
        try:
            with asking():
                return self._get(client, name)
        except DavFailureError as error:
            # Nothing was asked of the server but to tell.
            raise NotSent(f"calendar: {error.reason}", retry=_retry(error)) from None

    def _get(self, client: DAVClient, name: str) -> tuple[Held | None, str | None]:
        answer = client.request(self._base + name, "GET")
        if answer.status == 404:
            return None, None
        if answer.status != 200:
            raise failure(answer.status)
        try:
            return held_in(answer.raw), answer.headers.get("ETag")
        except ValueError as error:
            raise DavFailureError(f"{name} {error}", status=422) from None

    def _write(self, client: DAVClient, name: str, content: bytes, bound: Mapping[str, str]) -> bool:
        """False when somebody else wrote since it was read."""
        headers = {"Content-Type": "text/calendar; charset=utf-8", **bound}
        try:
            with asking():
                answer = client.request(self._base + name, "PUT", content.decode(), headers)
                if answer.status == 412:
                    return False
                if not 200 <= answer.status < 300:
                    raise failure(answer.status)
        except DavFailureError as error:
            if error.refused:
                raise NotSent(f"calendar: {error.reason}", retry=_retry(error)) from None
            raise MaybeSent(f"calendar: {error.reason}") from None
        return True


def _bound(held: Held | None, etag: str | None) -> dict[str, str]:
    if held is None:
        return {"If-None-Match": "*"}
    # A weak tag matches nothing (RFC 9110, 13.1.1); then all that can be asked for is that there be an entry.
    return {"If-Match": etag if etag and not etag.startswith("W/") else "*"}


def _retry(error: DavFailureError) -> bool:
    return error.status is None or error.status in MENDABLE or error.status >= 500


def _problem(properties: Mapping[str, Any]) -> str | None:
    if "{urn:ietf:params:xml:ns:caldav}calendar" not in (properties.get(dav.ResourceType.tag) or ()):
        return "is no calendar"
    # A server need not tell what we may do.
    may = properties.get(dav.CurrentUserPrivilegeSet.tag)
    return "may be read but not written" if may and not _MAY_WRITE & set(may) else None
