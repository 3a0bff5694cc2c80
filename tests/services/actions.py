"""How the tests call actions: as an automation does."""

import json
from typing import Any

from custom_components.clip_download.const import DOMAIN
from homeassistant.core import Context, HomeAssistant


async def act(
    hass: HomeAssistant, action: str, by: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call an action; return its response, which can be written as JSON."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, context=by, return_response=True
    )
    assert response is not None
    json.dumps(response)
    return response
