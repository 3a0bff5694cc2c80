"""What can be found out about a new account before it is stored, within seconds."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
import logging

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .accounts.kind import AccountKind
from .accounts.webhook import async_base_url, is_public
from .engine.errors import ClipError
from .engine.events.back_fill import Estimate, estimate
from .engine.model import Camera, Problem, ProblemKind
from .engine.sources.base import Source
from .texts import Texts, async_texts

_LOGGER = logging.getLogger(__name__)

# How long a person waits for all of it.
SURVEY_WITHIN_S = 15.0
# Cameras that are named in one sentence.
MOST_NAMED = 5
# These do not say that nothing of a camera can be saved from now on.
HARMLESS = {ProblemKind.NO_RECENT_EVENT}


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found out. `cameras` and `estimate` are None if that is not known.

    `has_events` says whether the account gets events as soon as it is set up.
    """

    has_events: bool
    cameras: Sequence[Camera] | None
    problems: Sequence[Problem]
    estimate: Estimate | None

    @property
    def good(self) -> list[str]:
        """The ids of the cameras whose footage can be saved, as far as is known."""
        bad = {
            problem.camera.id
            for problem in self.problems
            if problem.camera and problem.kind not in HARMLESS
        }
        return [one.id for one in self.cameras or () if one.id not in bad]

    def has(self, kind: ProblemKind | None) -> bool:
        """Return whether there is a problem of a kind."""
        return any(problem.kind is kind for problem in self.problems)


async def async_survey(source: Source) -> Survey:
    """Return what can be found out in time, about an account that was just signed in to."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SURVEY_WITHIN_S
    cameras: list[Camera] | None = None
    there: Estimate | None = None
    problems: list[Problem] = []
    try:
        async with asyncio.timeout_at(end):
            cameras = await source.cameras()
    except (ClipError, TimeoutError) as err:
        _LOGGER.debug("The cameras are not known yet: %s", err)
    else:
        problems, there = await asyncio.gather(
            _problems(source, cameras, end),
            _estimate(source, cameras, end - loop.time()),
        )
    return Survey(
        has_events=bool(source.event_kinds) or source.pushes_events,
        cameras=cameras,
        problems=problems,
        estimate=there,
    )


async def _problems(
    source: Source, cameras: Sequence[Camera], end: float
) -> list[Problem]:
    """Return the problems that are found in time."""
    found: list[Problem] = []
    try:
        async with asyncio.timeout_at(end):
            async for problem in source.problems(cameras):
                found.append(problem)  # noqa: PERF401 - what was found in time is returned
    except (ClipError, TimeoutError) as err:
        _LOGGER.debug("There may be more problems: %s", err)
    return found


async def _estimate(
    source: Source, cameras: Sequence[Camera], within_s: float
) -> Estimate | None:
    """Return what the cloud still has, None if that cannot be known now."""
    given = [camera for camera in cameras if not source.refusal(camera)]
    with suppress(ClipError):
        return await estimate(source, given, dt_util.utcnow(), within_s=within_s)
    return None


async def async_problem_texts(
    hass: HomeAssistant, kind: AccountKind, survey: Survey
) -> list[str]:
    """Return what is wrong with a new account, a sentence or two for each problem."""
    texts = await async_texts(hass, hass.config.language)
    cameras: dict[ProblemKind, list[str]] = {}
    for problem in survey.problems:
        names = cameras.setdefault(problem.kind, [])
        if problem.camera:
            names.append(problem.camera.name)
    found = [
        texts(f"problem_{problem}", cameras=_listed(texts, names), cloud=kind.title)
        for problem, names in cameras.items()
    ]
    if kind.webhook and not is_public(async_base_url(hass)):
        found.append(texts("problem_webhook", cloud=kind.title))
    return found


def _listed(texts: Texts, names: Sequence[str]) -> str:
    """Return names as a list in Markdown, in which none of them is anything but text."""
    shown = ", ".join(f"`{name.replace('`', "'")}`" for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return texts("and_more", names=shown, count=more) if more > 0 else shown
