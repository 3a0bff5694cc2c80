"""The retention of copies: a target's own, whatever is kept at home."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..targets.base import LockedError
from .place import CopyPlace
from .store import Copy, CopyState, CopyStore

_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class CopyLimits:
    """When copies are deleted; None is no limit. Those of kept clips never are."""

    keep_days: float | None = None
    most_bytes: int | None = None


@dataclass(kw_only=True)
class PrunedCopies:
    """What became of the copies that were due.

    `locked` are those that the store did not let go of just now.
    """

    gone: list[Copy] = field(default_factory=list)
    locked: list[Copy] = field(default_factory=list)


async def prune(
    store: CopyStore, place: CopyPlace, limits: CopyLimits, now: datetime
) -> PrunedCopies:
    """Delete the oldest copies, as far as the limits ask for it.

    The oldest is the one whose clip was saved first. What was deleted is copied again,
    the newest first, once the limits leave room for it. Raises what a target raises; what
    was deleted until then is.
    """
    pruned = PrunedCopies()
    target_id = place.target_id
    # What was kept just now stays.
    while await store.drain():
        pass
    await store.unlock(target_id, now)
    before: datetime | None = None
    if limits.keep_days is not None:
        before = now - timedelta(days=limits.keep_days)
        await store.spare_waiting(target_id, before)
        while some := await store.oldest(target_id, _AT_ONCE, before):
            for copy in some:
                await _delete(store, place, copy, pruned, now)
    if limits.most_bytes is not None:
        while True:
            over_bytes = await store.copied_bytes(target_id) - limits.most_bytes
            if over_bytes <= 0 or not (some := await store.oldest(target_id, _AT_ONCE)):
                break
            for copy in some:
                if over_bytes <= 0:
                    break
                if await _delete(store, place, copy, pruned, now):
                    over_bytes -= copy.size_bytes
    await store.bring_back(target_id, before, limits.most_bytes)
    return pruned


async def _delete(
    store: CopyStore, place: CopyPlace, copy: Copy, pruned: PrunedCopies, now: datetime
) -> bool:
    """Delete a copy; return whether it is gone."""
    try:
        await place.delete(copy.name)
    except LockedError as err:
        await store.lock(copy, err.until, now)
        pruned.locked.append(copy)
        return False
    await store.leave([copy], CopyState.PRUNED)
    pruned.gone.append(copy)
    return True
