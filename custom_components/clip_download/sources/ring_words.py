"""What Ring says that it saw, in the words of all clouds."""

# Ring's two APIs say much the same; neither documents all of its words.
_SEEN = {
    "human": "person",
    "person": "person",
    "vehicle": "vehicle",
    "package": "package",
    "package_delivery": "package",
    "animal": "animal",
    "pet": "animal",
}


def what(word: object) -> str:
    """Return one of SEEN for a word of Ring's, an empty one for any other."""
    return _SEEN.get(str(word), "")
