"""A slice of the table of faults: each fault once. The whole of it is `script/faults`."""

import pytest

from .conftest import AUTHORITY
from .fault_table import Row, live, one_of_each

SEED = 10
# Each of these was once told wrongly: a class's name for a reason, a sign-in that was
# refused by a proxy only, an error for an empty list.
ONCE_WRONG = [
    Row("ring", "plan", "stalls before headers", "for ever"),
    Row("ring_partner", "sign in", "416", "for ever"),
    Row("kinesis", "plan", "error in a 200", "for ever"),
    Row("kinesis", "cameras", "error in a 200", "once"),
]
# What each of these is told by.
KEYS = {
    Row("kinesis", "link", "error in a 200", "for ever"): "cloud_nonsense",
    Row("meraki", "cameras", "416", "once"): "cloud_trouble",
    Row("meraki", "cameras", "403", "once"): "no_organization",
}


@pytest.mark.parametrize(
    "row",
    [*ONCE_WRONG, *one_of_each(SEED)],
    ids=lambda row: "-".join(row).replace(" ", "_"),
)
def test_fault(row: Row, socket_enabled: None) -> None:
    """It is told, not tried for ever, leaves nothing, and the account works after it."""
    assert live(row, AUTHORITY).wrong == []


@pytest.mark.parametrize(("row", "key"), KEYS.items(), ids=str)
def test_what_is_told(row: Row, key: str, socket_enabled: None) -> None:
    """An answer that is none is not told as something else."""
    outcome = live(row, AUTHORITY)
    assert (outcome.key, outcome.wrong) == (key, [])
