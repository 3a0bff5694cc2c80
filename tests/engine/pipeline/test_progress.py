"""How far a job has come, as parts come, break off, are split and fetched again."""

from contextlib import suppress

from custom_components.clip_download.engine.errors import UnreachableError
from custom_components.clip_download.engine.pipeline.progress import (
    Progress,
    WaitReason,
)


def test_bytes_and_parts() -> None:
    """A size is told once that of all parts is known; it is what came, in the end."""
    changes = []
    progress = Progress(lambda: changes.append(1))
    assert (progress.parts, progress.size_bytes, progress.received_bytes) == (
        None,
        None,
        0,
    )
    progress.add_parts(3)
    progress.keep("kept", 10)
    progress.finish_part("kept")
    # Of one part there is nothing.
    progress.finish_part("none")
    assert (progress.parts_done, progress.size_bytes) == (2, None)
    with progress.receive("last", 100) as body:
        before = len(changes)
        body.received(60)
        assert len(changes) == before + 1
        assert (progress.received_bytes, progress.size_bytes) == (70, 110)
        body.received(30)
    # The cloud told more than it sent.
    assert (progress.received_bytes, progress.size_bytes) == (100, 100)
    progress.fetch_again("last")
    assert progress.parts_done == 2
    with progress.receive("last", None) as body:
        body.received(5)
        assert (progress.received_bytes, progress.size_bytes) == (15, None)
    progress.finish_part("last")
    assert (progress.parts_done, progress.parts) == (3, 3)
    assert (progress.received_bytes, progress.size_bytes) == (15, 15)


def test_what_breaks_off() -> None:
    """It does not count: it is fetched from its beginning."""
    progress = Progress()
    progress.add_parts(1)
    with suppress(OSError), progress.receive("a", 9) as body:
        body.received(5)
        raise OSError("gone")
    assert (progress.received_bytes, progress.size_bytes) == (0, None)
    # It is split: the two come in its place.
    progress.add_parts(1)
    for key in ("a1", "a2"):
        with progress.receive(key, 4) as body:
            body.received(4)
        progress.finish_part(key)
    assert (progress.parts_done, progress.parts) == (2, 2)
    assert (progress.received_bytes, progress.size_bytes) == (8, 8)


def reason(progress: Progress) -> object:
    """Return what is waited for."""
    return progress.waiting and progress.waiting.reason


def test_waiting() -> None:
    """What is waited for last is told, unless anything arrives meanwhile."""
    progress = Progress()
    err = UnreachableError("cloud_unreachable", reason="x")
    assert reason(progress) is None
    with progress.wait(WaitReason.SLOT):
        assert reason(progress) is WaitReason.SLOT
        with progress.wait(err), progress.receive("a", 1):
            assert reason(progress) is None
        assert reason(progress) is WaitReason.SLOT
        with suppress(UnreachableError), progress.wait(err):
            assert reason(progress) is err
            raise err
        assert reason(progress) is WaitReason.SLOT
    assert reason(progress) is None
