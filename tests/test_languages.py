"""Every language has all texts, with what fills them."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download import const
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.sources.kinesis.client import KinesisSource
from custom_components.clip_download.texts import async_cached_texts
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .accounts import set_up
from .clouds import Clouds
from .languages import problems, texts_of

INTEGRATION = Path(const.__file__).parent / "translations"
FRONT_END = INTEGRATION.parents[2] / "frontend" / "src" / "translations"


def load(path: Path) -> dict[str, Any]:
    """Return the texts of a language."""
    words: dict[str, Any] = json.loads(path.read_text())
    return words


LANGUAGES = [
    folder / f"{language}.json"
    for folder in (INTEGRATION, FRONT_END)
    for language in ("de", "es", "fr", "it", "nl")
]


def test_languages() -> None:
    """Both speak these languages, and no others."""
    found = {path for folder in (INTEGRATION, FRONT_END) for path in folder.iterdir()}
    assert {path for path in found if path.stem != "en"} == set(LANGUAGES)


@pytest.mark.parametrize(
    "path", LANGUAGES, ids=lambda path: f"{path.parts[-4]}-{path.stem}"
)
def test_a_language_is_whole(path: Path) -> None:
    """It has the keys and placeholders of English, and no English left."""
    assert sorted(problems(load(path.with_name("en.json")), load(path))) == []


def test_what_is_wrong_is_found() -> None:
    """Each way in which a translation can be wrong is told."""
    english = {
        "a": "{n} of *Save now*, [there](/x)",
        "gone": "Gone",
        "services": {"save": {"name": "Save now"}},
        "months": " ".join("abcdefghijkl"),
    }
    german = {
        "a": "{m} von *Speichern*, <b>[dort](/y)</b>",
        "more": "Mehr",
        "services": {"save": {"name": "Jetzt speichern"}},
        "months": "Jan Feb",
    }
    assert sorted(problems(english, german)) == [
        "a: HTML",
        "a: ['/y'], not ['/x']",
        "a: it does not name 'Jetzt speichern'",
        "a: placeholders {'m'}, not {'n'}",
        "missing: gone",
        "months: 2 words, not 12",
        "not in English: more",
    ]
    assert list(problems({"a": "Still here"}, {"a": "Still here"})) == [
        "a: still English: 'Still here'"
    ]
    assert list(problems({"a": "One."}, {"a": "{x"})) != []
    assert list(problems(english, english | {"gone": "Weg"})) != []


@pytest.mark.usefixtures("media_dir")
async def test_home_assistant_speaks_german(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has all texts in its language, and so does what it says of an error."""
    hass.config.language = "de"
    monkeypatch.setattr(KinesisSource, "lag", timedelta(0))
    hass_clouds.kinesis.add_stream("Front", retention_hours=0)
    await set_up(hass, hass_clouds, "kinesis")
    german = load(INTEGRATION / "de.json")
    for category in german:
        known = await async_get_translations(hass, "de", category, [DOMAIN])
        for path, text in texts_of({category: german[category]}):
            assert known[f"component.{DOMAIN}.{path}"] == text
    assert async_cached_texts(hass)("older") == german["common"]["older"]

    answer = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {"entity_id": "camera.front", "before": {"minutes": 1}},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    error: Any = answer["camera.front"]
    told = (load(INTEGRATION / "en.json") | german)["exceptions"]["no_retention"]
    what = told["message"].removeprefix("{subject}: ")
    assert error["error"]["message"].startswith("Front, ")
    assert error["error"]["message"].endswith(what)
