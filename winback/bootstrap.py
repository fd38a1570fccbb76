"""The composition root: settings and a clock in, services out. Tests call it with fakes."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from agents.model import open_model
from agents.selector import Selector
from agents.writer import Writer
from policies.load import Known, load_policy
from policies.policy import Policy
from tools.calendars.office import OfficeEvents
from tools.catalogue import load_catalogue
from tools.channels.channel import Channel
from tools.channels.feed import FeedChannel
from tools.channels.files import FilesChannel
from tools.channels.slack import SlackChannel
from tools.channels.smtp import SmtpChannel
from tools.channels.webhook import WebhookChannel
from tools.connectors.connector import connector_of
from tools.registry import default_registry
from winback import HOME
from winback.clock import Clock
from winback.errors import InputError
from winback.settings import Settings
from winback.store.opening import open_store
from winback.store.store import Store
from winback.store.types import CALENDAR, EMAIL, ENTITLEMENT, IN_APP, SLACK, WEBHOOK
from winback.usage.warehouse import Warehouse
from workers.freshness import Recovery
from workers.known_names import known_names
from workers.link import links_of
from workers.owner import this_owner
from workers.policy_source import PolicySource
from workers.policy_watch import Role, last_good, note_refusals
from workers.services import Chooser, Services

if TYPE_CHECKING:
    from tools.calendars.configured import Calendars

DEFAULT_POLICY = HOME / "policies" / "default.yaml"


@contextmanager
def services(
    settings: Settings, clock: Clock, *, selector: Chooser | None = None, channel: Channel | None = None
) -> Iterator[Services]:
    """Open everything a worker needs and close it afterwards. The model is started by its first use.

    Raises:
        InputError: the policy or the catalogue cannot be used.
        SetupError: the database or a folder is not ready.
    """
    with ExitStack() as stack:
        catalogue = load_catalogue(settings.policies.catalogue)
        registry = default_registry()
        store = stack.enter_context(open_store(settings))
        names = known_names(registry, catalogue)
        policies, shadow = _live(settings, names, store), _shadow(settings, names, store)
        warehouse = Warehouse(settings.usage_folder)
        model = stack.enter_context(open_model(settings.model, clock))
        channels = make_channels(settings, store) if channel is None else {EMAIL: channel}
        stack.callback(_close, channels)
        found = Services(
            settings=settings,
            clock=clock,
            store=store,
            warehouse=warehouse,
            catalogue=catalogue,
            registry=registry,
            policies=policies,
            selector=selector or Selector(model),
            writer=Writer(model),
            channels=channels,
            recovery=Recovery(warehouse, store, settings),
            meter=model.meter,
            owner=this_owner(),
            shadow=shadow,
            links=links_of(settings),
            calendars=_calendars(settings, clock),
        )
        note_refusals(found)
        yield found


def _live(settings: Settings, names: Known, store: Store) -> PolicySource:
    """While its files are broken, the one that was in force last; an error where none ever was."""
    path = settings.policies.path or DEFAULT_POLICY
    return PolicySource(path, lambda: load_policy(path, names), lambda: _last_good(store, "live"))


def _shadow(settings: Settings, names: Known, store: Store) -> PolicySource | None:
    """The same, but it decides nothing, so it can do without."""
    path = settings.policies.shadow
    if path is None:
        return None
    return PolicySource(path, lambda: load_policy(path, names), lambda: _last_good(store, "shadow"), needed=False)


def _last_good(store: Store, role: Role) -> Policy | None:
    with store.read() as session:
        return last_good(session, role)


def make_channels(settings: Settings, store: Store) -> dict[str, Channel]:
    """The configured ways out, by their medium.

    Raises:
        InputError: what the settings say of one cannot be used.
    """
    channels = {EMAIL: _mail_channel(settings)}
    if settings.channels.webhook is not None:
        channels[WEBHOOK] = WebhookChannel(settings.channels.webhook)
    if settings.channels.slack is not None:
        channels[SLACK] = SlackChannel(settings.channels.slack)
    if settings.feed.token is not None:
        channels[IN_APP] = FeedChannel(store)
    channels[ENTITLEMENT] = connector_of(settings, channels.get(WEBHOOK))
    channels[CALENDAR] = _events(settings)
    return channels


def _events(settings: Settings) -> Channel:
    if not settings.calendars:
        return OfficeEvents(settings.calendar_folder)
    # Half a second to import, for those alone who have calendars.
    from tools.calendars.configured import events_channel  # noqa: PLC0415

    return events_channel(settings)


def _calendars(settings: Settings, clock: Clock) -> "Calendars | None":
    if not settings.calendars:
        return None
    from tools.calendars.configured import Calendars  # noqa: PLC0415  as above

    return Calendars(settings, clock)


def _close(channels: Mapping[str, Channel]) -> None:
    for one in channels.values():
        close = getattr(one, "close", None)
        if close is not None:
            close()


def _mail_channel(settings: Settings) -> Channel:
    match settings.channels.use:
        case "files":
            return FilesChannel(settings.outbox_folder)
        case "smtp":
            if settings.channels.smtp is None:
                raise InputError("channels.use is smtp", where="channels.smtp", fix="add that section")
            return SmtpChannel(settings.channels.smtp, settings.company)
