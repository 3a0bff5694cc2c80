"""The kinds of accounts: one record each, in the order in which they are offered."""

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_KIND
from .kind import AccountKind
from .kinesis import KINESIS
from .meraki import MERAKI
from .recordings import RECORDINGS
from .ring import RING
from .ring_partner import RING_PARTNER

KINDS: dict[str, AccountKind] = {
    RING.name: RING,
    RING_PARTNER.name: RING_PARTNER,
    MERAKI.name: MERAKI,
    KINESIS.name: KINESIS,
    RECORDINGS.name: RECORDINGS,
}


def kind_of(entry: ConfigEntry) -> AccountKind:
    """Return the kind of an account."""
    return KINDS[entry.data[CONF_KIND]]
