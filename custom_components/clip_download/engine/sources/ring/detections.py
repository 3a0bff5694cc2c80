"""What Ring says that it saw, in the words of all clouds."""

from collections.abc import Iterable, Mapping
import re

# Ring's two APIs say much the same; neither documents all of its words.
_SEEN = {
    "human": "person",
    "person": "person",
    "vehicle": "vehicle",
    "moving_vehicle": "vehicle",
    "package": "package",
    "package_delivery": "package",
    "package_pickup": "package",
    "animal": "animal",
    "pet": "animal",
}
# What says no more than that something moved.
_NOTHING = {"motion", "other_motion", "none", "null", "unknown"}
# A word of Ring's that is not known here is kept: it may become part of a file's name.
_WORD = re.compile(r"[a-z][a-z_]{0,31}")


def seen(words: Iterable[object]) -> tuple[str, ...]:
    """Return what Ring's words say that was seen, sorted: those of SEEN, or its own."""
    found = {
        _SEEN.get(word, word)
        for word in words
        if isinstance(word, str) and word not in _NOTHING and _WORD.fullmatch(word)
    }
    return tuple(sorted(found))


def seen_by(properties: object) -> tuple[str, ...]:
    """Return what an event's `cv_properties` say that was seen, in all their fields."""
    if not isinstance(properties, Mapping):
        return ()
    types = properties.get("detection_types")
    return seen(
        [
            "person" if properties.get("person_detected") is True else None,
            properties.get("detection_type"),
            *(
                one.get("detection_type") if isinstance(one, Mapping) else one
                for one in (types if isinstance(types, list) else ())
            ),
        ]
    )
