"""Ring, with the sign-in of its app or of Home Assistant's own Ring integration."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from . import ring_shared
from .kind import (
    AccountKind,
    CodeRequired,
    Field,
    SharedSignIn,
    SourceClass,
    Visibility,
    password,
)
from .ring_shared import CONF_HARDWARE_ID, CONF_RING_ENTRY
from .source import async_source_module


async def _async_sign_in(
    hass: HomeAssistant, given: Mapping[str, Any], code: str | None
) -> dict[str, Any]:
    """Trade a password for a token. Raises CodeRequired, SignInError, CloudError."""
    api = await async_source_module(hass, RING, "ring.api")
    try:
        token = await api.sign_in(
            async_get_clientsession(hass),
            given[CONF_USERNAME],
            given[CONF_PASSWORD],
            given[CONF_HARDWARE_ID],
            code,
        )
    except api.TwoFactorRequired as err:
        raise CodeRequired(err.phone or given[CONF_USERNAME]) from err
    return {
        CONF_USERNAME: given[CONF_USERNAME],
        CONF_HARDWARE_ID: given[CONF_HARDWARE_ID],
        CONF_TOKEN: token,
    }


RING = AccountKind(
    name="ring",
    title="Ring",
    source=SourceClass("ring.client", "RingSource"),
    fields=(
        Field(
            CONF_USERNAME,
            TextSelector(
                TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
            ),
            visibility=Visibility.PRIVATE,
        ),
        Field(
            CONF_PASSWORD,
            password("current-password"),
            is_asked_again=True,
            keeps_blanks=True,
        ),
    ),
    # Ring knows an authorized device by it.
    lasting_ids={CONF_HARDWARE_ID: lambda: str(uuid4())},
    sign_in=_async_sign_in,
    shared_sign_in=SharedSignIn(
        step_id="ring_account",
        field=CONF_RING_ENTRY,
        async_lenders=ring_shared.async_lenders,
        credentials_of=ring_shared.credentials_of,
        access_token_of=ring_shared.access_token_of,
        listen=ring_shared.listen,
        async_follow_lenders=ring_shared.async_follow_lenders,
    ),
    # More often than others: that is how a sign-in that was revoked in Ring's app is
    # noticed before a clip is wanted. The Ring integration asks every minute.
    list_every=timedelta(minutes=5),
    options=(
        # Recordings as Ring's app shows them, with what came before the event.
        Field(
            "as_shown",
            BooleanSelector(),
            default=False,
            visibility=Visibility.PUBLIC,
        ),
    ),
)
