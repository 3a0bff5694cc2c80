"""Work that somebody waits for, and that ends before Home Assistant does."""

import asyncio

from homeassistant.core import HassJob, HomeAssistant


async def async_unless_stopped[T](
    hass: HomeAssistant, work: asyncio.Task[T], interrupted: Exception
) -> T:
    """Return what a background task comes to. It ends, too, when the caller goes.

    Raises `interrupted` if it was ended by others, as Home Assistant stops.
    """

    async def stop() -> None:
        work.cancel()
        await asyncio.wait([work])

    # Home Assistant waits for no background task that it cancels as it stops.
    forget = hass.async_add_shutdown_job(HassJob(stop, f"stop to {work.get_name()}"))
    try:
        return await work
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if caller is None or caller.cancelling():
            raise
        raise interrupted from None
    finally:
        forget()
