"""Tests of where files are among Home Assistant's media folders."""

from pathlib import Path

import pytest

from custom_components.clip_download.paths import media_location
from homeassistant.core import HomeAssistant


@pytest.mark.parametrize(
    ("folder", "path", "location"),
    [
        ("/media", "/media/yard/1.mp4", "local/yard/1.mp4"),
        ("/media/", "/media/yard/1.mp4", "local/yard/1.mp4"),
        ("/mnt//media", "/mnt/media/1.mp4", "local/1.mp4"),
        ("/", "/yard/1.mp4", "local/yard/1.mp4"),
        ("/media", "/media2/yard/1.mp4", None),
        ("/media", "/mnt/media/1.mp4", None),
    ],
)
def test_a_file_is_below_a_folder(
    hass: HomeAssistant, folder: str, path: str, location: str | None
) -> None:
    """However the folder is written; one whose name begins alike is another."""
    hass.config.media_dirs = {"local": folder}
    assert media_location(hass, Path(path)) == location


def test_the_first_folder_counts(hass: HomeAssistant) -> None:
    """One may be within another."""
    hass.config.media_dirs = {"yard": "/media/yard", "local": "/media"}
    assert media_location(hass, Path("/media/yard/1.mp4")) == "yard/1.mp4"
    assert media_location(hass, Path("/media/gate/1.mp4")) == "local/gate/1.mp4"
