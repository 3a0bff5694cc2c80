"""All that a flow shows has words, with all that fills them."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
import string
from typing import Any

from custom_components.clip_download import config_flow
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.texts import Texts
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigFlow, OptionsFlow
from homeassistant.data_entry_flow import FlowHandler, FlowResultType, section
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig

WORDS = json.loads(
    (Path(config_flow.__file__).parent / "translations" / "en.json").read_text()
)
# The texts that the integration itself fills, as Home Assistant has them.
ENGLISH = Texts(
    {f"component.{DOMAIN}.common.{key}": text for key, text in WORDS["common"].items()},
    "en",
)


def error_of(result: Mapping[str, Any]) -> str:
    """Return the key of the exception whose text a form shows as its error."""
    assert result["errors"] == {"base": "failed"}
    shown = result["description_placeholders"]["error"]
    (key,) = (
        key
        for key, exception in WORDS["exceptions"].items()
        if re.fullmatch(
            re.sub(r"\\\{\w+\\\}", ".+", re.escape(exception["message"])), shown
        )
    )
    return str(key)


def _words_of_fields(
    words: Mapping[str, Any], fields: Mapping[Any, Any]
) -> Iterator[str]:
    """Yield the words of a form's fields, and of those in its sections."""
    for name, selector in fields.items():
        if isinstance(selector, section):
            inner = words["sections"][name]
            yield from (inner["name"], inner["description"])
            yield from _words_of_fields(inner, selector.schema.schema)
        else:
            yield from (words["data"][name], words["data_description"][name])
        if isinstance(selector, SelectSelector):
            yield from _words_of_options(selector.config)


def _words_of_options(config: SelectSelectorConfig) -> Iterator[str]:
    """Yield the words of what can be chosen, where it does not bring its own."""
    for option in config["options"]:
        value, label = (
            (option, option)
            if isinstance(option, str)
            else (option["value"], option["label"])
        )
        if "translation_key" in config and value == label:
            yield WORDS["selector"][config["translation_key"]]["options"][value]


def check_words(flow: FlowHandler[Any, Any, Any], result: Mapping[str, Any]) -> None:
    """Check that what a flow of ours shows has words."""
    if isinstance(flow, ConfigFlow):
        if flow.handler != DOMAIN:
            return
        words = WORDS["config"]
    elif isinstance(flow, OptionsFlow):
        words = WORDS["options"]
    elif isinstance(flow, RepairsFlow):
        issue = ir.async_get(flow.hass).async_get_issue(DOMAIN, flow.issue_id)
        if issue is None or issue.translation_key is None:
            return
        words = WORDS["issues"][issue.translation_key]["fix_flow"]
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
            shown = [
                step["title"],
                step.get("description", ""),
                *_words_of_fields(step, result["data_schema"].schema),
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
