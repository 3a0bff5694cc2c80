"""The intents as tools of language models."""

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    IntentTool,
    LLMContext,
    ToolAnnotations,
)

from .const import DOMAIN
from .intent import EVENTS, LAST_CLIP, SAVE, async_our_cameras

PROMPT = (
    "Footage of cameras is saved, found and told of by the clip_download tools. What is "
    "saved is ready minutes later. To play a clip that has a media_content_id, pass it on "
    "to a tool that plays media."
)
# What each is called, and what it may do: saving adds a file, and asks a cloud.
TOOLS = {
    SAVE: ("Save the last minutes", ToolAnnotations(destructive=False)),
    EVENTS: (
        "What happened",
        ToolAnnotations(read_only=True, destructive=False, idempotent=True),
    ),
    LAST_CLIP: (
        "Last clip",
        # It may play the clip.
        ToolAnnotations(destructive=False, idempotent=True, open_world=False),
    ),
}


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tools, None if the assistant knows no camera of ours."""
    assistant = llm_context.assistant
    if api_id != LLM_API_ASSIST or not assistant:
        return None
    if not any(
        async_should_expose(hass, assistant, state.entity_id)
        for state in async_our_cameras(hass)
    ):
        return None
    handlers = {handler.intent_type: handler for handler in intent.async_get(hass)}
    tools = [
        IntentTool(
            f"{DOMAIN}__{name}",
            handlers[name],
            title=title,
            integration=DOMAIN,
            annotations=annotations,
        )
        for name, (title, annotations) in TOOLS.items()
        if name in handlers
    ]
    return LLMTools(tools=list(tools), prompt=PROMPT)
