"""The calendars that the settings name: whom to ask for a host's time, and where a call is written."""

from zoneinfo import ZoneInfo

from tools.calendars.caldav_calendar import CalDavCalendar
from tools.calendars.caldav_events import CalDavEvents
from tools.calendars.calendar import Calendar
from tools.calendars.event import payload_of
from tools.calendars.ics_feed import IcsFeed
from tools.calendars.office import OfficeCalendar, OfficeEvents
from tools.calendars.remembered import Remembered
from tools.channels.channel import Capability, Channel, MaybeSent, Parcel, Receipt
from winback.clock import Clock
from winback.errors import InputError
from winback.settings import Settings
from winback.settings_channels import HostCalendar


class Calendars:
    """One calendar for each host, kept with what it remembers."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._found: dict[str, Calendar] = {}

    def of(self, host: str) -> Calendar:
        if host not in self._found:
            self._found[host] = calendar_of(self._settings, host, self._clock)
        return self._found[host]


class HostEvents:
    """Keyed: each call goes to its host's own calendar, or into the folder where the host has none to write to."""

    name = "calendar"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, office: Channel, by_host: dict[str, Channel]) -> None:
        self._office = office
        self._by_host = by_host

    def send(self, parcel: Parcel) -> Receipt:
        return self._by_host.get(payload_of(parcel).host.lower(), self._office).send(parcel)

    def lookup(self, key: str) -> Receipt | None:
        silent: MaybeSent | None = None
        for one in (self._office, *self._by_host.values()):
            try:
                if (found := one.lookup(key)) is not None:
                    return found
            except MaybeSent as error:
                silent = error
        if silent is not None:
            raise silent
        return None

    def probe(self) -> None:
        """Each host's own is probed apart (`probe_host`): one that is down hides no other."""
        self._office.probe()


def calendar_of(settings: Settings, host: str, clock: Clock) -> Calendar:
    """Where a host's busy times are learnt; without one configured, plain office hours.

    Raises:
        InputError: it is configured without a source.
    """
    found = _configured(settings, host)
    if found is None:
        return OfficeCalendar()
    zone = ZoneInfo(found.zone or settings.company.zone)
    if found.caldav is not None:
        return Remembered(CalDavCalendar(host, found.caldav, zone), clock)
    if found.ics is not None:
        return Remembered(IcsFeed(host, found.ics, zone), clock)
    raise InputError("has no source of busy times", where=f"calendars.{host}", fix="add caldav or ics")


def events_channel(settings: Settings) -> Channel:
    """Where calls are written down."""
    written = {
        host.lower(): CalDavEvents(one.caldav)
        for host, one in settings.calendars.items()
        if one.caldav is not None
    }
    office = OfficeEvents(settings.calendar_folder)
    return HostEvents(office, {**written}) if written else office


def probe_host(settings: Settings, host: str, clock: Clock) -> None:
    """Whether a host's time can be learnt, and written to where that is how it is set.

    Raises:
        SetupError: it cannot now.
    """
    calendar_of(settings, host, clock).probe()
    found = _configured(settings, host)
    if found is not None and found.caldav is not None:
        CalDavEvents(found.caldav).probe()


def _configured(settings: Settings, host: str) -> HostCalendar | None:
    """Mail addresses differ in case from one list to another."""
    return next((one for name, one in settings.calendars.items() if name.lower() == host.lower()), None)
