"""The clouds that footage comes from; each knows its cloud and no Home Assistant."""

# The kind of an account -> the class in the module of that name. Modules are imported
# when an account of their kind is set up, so that nobody pays for a cloud not used.
SOURCES = {
    "kinesis": "KinesisSource",
    "meraki": "MerakiSource",
    "ring": "RingSource",
    "ring_partner": "RingPartnerSource",
}
