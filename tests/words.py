"""All that a flow shows has words, with all that fills them."""

from collections.abc import Mapping
import json
from pathlib import Path
import string
from typing import Any

from custom_components.clip_download import config_flow
from homeassistant.config_entries import ConfigFlow, OptionsFlow
from homeassistant.data_entry_flow import FlowHandler, FlowResultType

WORDS = json.loads(
    (Path(config_flow.__file__).parent / "translations" / "en.json").read_text()
)


def check_words(flow: FlowHandler[Any, Any, Any], result: Mapping[str, Any]) -> None:
    """Check that what a flow shows has words."""
    if isinstance(flow, ConfigFlow):
        words = WORDS["config"]
    elif isinstance(flow, OptionsFlow):
        words = WORDS["options"]
    else:
        words = WORDS["config_subentries"][flow.handler[1]]
    shown: list[str] = []
    match result["type"]:
        case FlowResultType.MENU:
            step = words["step"][result["step_id"]]
            assert list(step["menu_options"]) == sorted(result["menu_options"])
            assert set(step["menu_option_descriptions"]) == set(step["menu_options"])
            shown = [step["title"], step["description"]]
        case FlowResultType.FORM:
            step = words["step"][result["step_id"]]
            names = [str(name) for name in result["data_schema"].schema]
            shown = [
                step["title"],
                step.get("description", ""),
                *(step["data"][name] for name in names),
                *(step["data_description"][name] for name in names),
                *(words["error"][error] for error in (result["errors"] or {}).values()),
            ]
        case FlowResultType.ABORT:
            if result.get("translation_domain") != "homeassistant":
                shown = [words["abort"][result["reason"]]]
    filled = {
        name
        for text in shown
        for _, name, _, _ in string.Formatter().parse(text)
        if name
    }
    assert filled <= set(result.get("description_placeholders") or {})
