"""The clouds that footage comes from; each knows its cloud and no Home Assistant."""

from typing import NamedTuple


class SourceClass(NamedTuple):
    """Where a source's class is: a module of this package, and its name there."""

    module: str
    name: str


# The kind of an account -> its source. Modules are imported when an account of their
# kind is set up, so that nobody pays for a cloud not used.
SOURCES = {
    "kinesis": SourceClass("kinesis", "KinesisSource"),
    "meraki": SourceClass("meraki.client", "MerakiSource"),
    "ring": SourceClass("ring.client", "RingSource"),
    "ring_partner": SourceClass("ring_partner.client", "RingPartnerSource"),
}
