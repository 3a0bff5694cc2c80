"""Ring's words for what it saw, wherever it puts them."""

import pytest

from custom_components.clip_download.engine.sources.ring.detections import seen, seen_by


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("human", ("person",)),
        ("package_pickup", ("package",)),
        ("moving_vehicle", ("vehicle",)),
        ("pet", ("animal",)),
        ("baby_cry", ("baby_cry",)),
        ("other_motion", ()),
        ("../x", ()),
        ("", ()),
        (None, ()),
        (["human"], ()),
    ],
)
def test_a_word(word: object, means: tuple[str, ...]) -> None:
    """Words of Ring's are those of all clouds where there is one, else its own."""
    assert seen([word]) == means


def test_words() -> None:
    """Each is told once, in an order that does not depend on Ring's."""
    assert seen(["vehicle", "human", "person"]) == ("person", "vehicle")


@pytest.mark.parametrize(
    ("properties", "means"),
    [
        (
            {"person_detected": True, "detection_type": "package_delivery"},
            ("package", "person"),
        ),
        (
            {
                "detection_type": "human",
                "detection_types": [
                    {"detection_type": "moving_vehicle", "verified_timestamps": [1]},
                    {"detection_type": "human", "verified_timestamps": []},
                    "animal",
                    {"other": 1},
                    7,
                ],
            },
            ("animal", "person", "vehicle"),
        ),
        ({"person_detected": False, "detection_types": "human"}, ()),
        ({}, ()),
        (None, ()),
        ("human", ()),
    ],
)
def test_an_events_properties(properties: object, means: tuple[str, ...]) -> None:
    """All fields count, and what is in none of their forms is passed over."""
    assert seen_by(properties) == means
