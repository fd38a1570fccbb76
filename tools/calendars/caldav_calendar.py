"""A host's calendar on a CalDAV server, as a source of busy times."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tools.calendars.caldav_server import DavFailureError, asking, calendar_at, connected
from tools.calendars.calendar import CalendarSilentError, Taken
from tools.calendars.occurrences import MARGIN, UnreadableError, taken
from winback.settings_channels import CalDav


class CalDavCalendar:
    """Days and times without a zone are in `zone`, the host's."""

    def __init__(self, host: str, settings: CalDav, zone: ZoneInfo) -> None:
        self._host = host
        self._settings = settings
        self._zone = zone

    def busy(self, start: datetime, end: datetime) -> tuple[Taken, ...]:
        try:
            return taken(self._events(start, end), self._host, self._zone, start, end)
        except DavFailureError as error:
            raise CalendarSilentError(self._host, error.reason) from None
        except UnreadableError as error:
            raise CalendarSilentError(self._host, str(error)) from None

    def probe(self) -> None:
        start = datetime.now(UTC)
        self.busy(start, start + timedelta(days=1))

    def _events(self, start: datetime, end: datetime) -> list[str]:
        """Those that may lie between; a server takes days as days of UTC."""
        with asking(), connected(self._settings) as client:
            calendar = calendar_at(client, self._settings.url)
            # Repetitions are not the server's to work out: few do it alike.
            found = calendar.search(event=True, start=start - MARGIN, end=end + MARGIN, expand=False)
            return [str(one.data) for one in found]
