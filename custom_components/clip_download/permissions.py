"""Decides who may control a camera."""

from collections.abc import Iterable

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser


def may_control(user: User, entity_id: str | None) -> bool:
    """Return whether a user may control a camera, by its entity.

    Only administrators may control what is left of a camera without an entity.
    """
    if entity_id is None:
        return user.is_admin
    return user.permissions.check_entity(entity_id, POLICY_CONTROL)


async def async_user(hass: HomeAssistant, context: Context | None) -> User | None:
    """Return the user of a context, None for Home Assistant itself. Raises UnknownUser."""
    if not context or not context.user_id:
        return None
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context)
    return user


async def async_check_control(
    hass: HomeAssistant, context: Context | None, entity_ids: Iterable[str | None]
) -> None:
    """Raise Unauthorized if the user may not control all of these cameras."""
    user = await async_user(hass, context)
    for entity_id in entity_ids:
        if user and not may_control(user, entity_id):
            raise Unauthorized(
                context=context, entity_id=entity_id, permission=POLICY_CONTROL
            )
