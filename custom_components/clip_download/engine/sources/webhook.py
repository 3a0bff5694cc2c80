"""What clouds post to a webhook when a camera saw something."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..model import Camera, Event
from . import sanitize

# An id is a word; nobody else's memory is filled with more.
LONGEST_WORD = 200


@dataclass(frozen=True, kw_only=True)
class Notice(ABC):
    """One thing that a cloud reports by itself. `id` is the same in its repetitions."""

    id: str
    event: Event

    @staticmethod
    @abstractmethod
    def is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Return whether who sent this knows the secret; in constant time.

        Raises ValueError if it makes no sense.
        """

    @classmethod
    def read(cls, body: bytes) -> Self | None:
        """Return what a body reports, None if that is nothing that a camera saw.

        Raises ValueError if it makes no sense.
        """
        try:
            return cls._read(sanitize.parse(body))
        except (AttributeError, KeyError, OSError, OverflowError, TypeError) as err:
            raise ValueError("not a notice") from err

    @classmethod
    @abstractmethod
    def _read(cls, notice: Any) -> Self | None:
        """Return what is reported; whatever it raises means that it makes no sense."""

    @abstractmethod
    def is_about(self, camera: Camera) -> bool:
        """Return whether this camera, of an account that it is for, saw it."""

    def is_for(self, account_id: str) -> bool:
        """Return whether it may be for the account of this identity."""
        return True


def word(value: Any) -> str:
    """Return a word as it is. Raises ValueError if it is none."""
    if (
        not isinstance(value, str)
        or len(value) > LONGEST_WORD
        or not sanitize.id_of(value)
    ):
        raise ValueError("not a word")
    return value
