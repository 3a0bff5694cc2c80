"""Parts from the cloud to the disk: short ones, cut ones, damaged ones, and whose turn it is."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path, PurePosixPath
import shutil
import threading
from typing import Any

from aiohttp import ClientSession, TCPConnector, web
import av
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    NoPermissionError,
    NotVideoError,
    RefusedError,
)
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.media.probe import MediaInfo
from custom_components.clip_download.engine.model import ClipStatus, JobState, Plan
from custom_components.clip_download.engine.pipeline import download, fetching, retry
from custom_components.clip_download.engine.pipeline.download import (
    LEAST_BYTES,
    LEAST_WITHIN_S,
)
from custom_components.clip_download.engine.pipeline.executors import (
    LONGEST_SHORT,
    Executors,
)
from custom_components.clip_download.engine.pipeline.jobs import forget
from custom_components.clip_download.engine.pipeline.slots import AHEAD
from custom_components.clip_download.engine.sources.meraki.client import (
    MerakiCamera,
    MerakiSource,
)
from custom_components.clip_download.engine.storage import Storage
from custom_components.clip_download.engine.time_range import Window
from tests.clouds.footage import Container, moments
from tests.clouds.meraki import MerakiCloud
from tests.clouds.server import Server
from tests.simulated import NOON, simulated

from .test_jobs import (
    CAMERA,
    FRONT,
    SECOND,
    Answer,
    House,
    ShelfPart,
    built,
    send,
    slowly,
    window,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("socket_enabled")


def film(
    house: House, start_s: float, end_s: float, container: Container = "mp4"
) -> Path:
    """Return a file of another stretch than a part has."""
    path = house.media.with_name(f"{start_s}-{end_s}.{container}")
    stretch = window(start_s, end_s)
    FRONT.write(path, stretch.start, stretch.end, container=container)
    return path


def instead(path: Path, size: float = 1) -> Answer:
    """Return what sends another file, or only its beginning, as if it were all."""

    async def answer(request: web.Request, _: Path) -> web.StreamResponse:
        content = path.read_bytes()
        return web.Response(body=content[: round(len(content) * size)])

    return answer


def until_it_ends(path: Path, size: float) -> Answer:
    """Return what sends a body of which only the end of the connection is the end."""

    async def answer(request: web.Request, _: Path) -> web.StreamResponse:
        content = path.read_bytes()
        transport = request.transport
        assert transport
        transport.write(
            b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"
            + content[: round(len(content) * size) // 188 * 188]
        )
        transport.close()
        raise asyncio.CancelledError

    return answer


@simulated
@pytest.mark.parametrize("count", [1, 2])
async def test_what_may_stay_is_hashed_while_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Of several parts, none becomes the clip as it is: nobody would ask for its hash."""
    receive, hashed = download.receive, []

    async def seen(*args: Any, **kwargs: Any) -> download.Received:
        received = await receive(*args, **kwargs)
        hashed.append(received.hashed is not None)
        return received

    monkeypatch.setattr(fetching, "receive", seen)
    async with built(tmp_path) as house:
        for at in range(count):
            house.shelf.lay(window(at * 5 - 1000, at * 5 - 995))
        job = await house.save(window(-1000, count * 5 - 1000))
        assert job.clips[0].status is ClipStatus.COMPLETE
    assert hashed == [count == 1] * count


# --- short answers


@pytest.mark.parametrize("stays_short", [False, True])
@simulated
async def test_a_short_answer_of_old_footage(tmp_path: Path, stays_short: bool) -> None:
    """It is asked for once more, however old it is; the longer answer is kept."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        part = shelf.lay(window(-990, -980), lead_in=True)
        shelf.lay(window(-980, -970), lead_in=True)
        answers = shelf.answers[part.name]
        answers.append(instead(film(house, -990, -985)))
        if stays_short:
            answers.append(instead(film(house, -990, -987)))
        job = await house.save(window(-990, -970))
        assert shelf.fetched.count(part.name) == 2
        assert len(shelf.fetched) == 3
        (clip,) = job.clips
        assert job.error is None
        assert clip.gaps == ((window(-985, -980),) if stays_short else ())


@simulated
async def test_a_short_answer_is_better_than_none(tmp_path: Path) -> None:
    """What came is kept where asking once more fails; why it failed is told."""
    async with built(tmp_path) as house:
        part = house.shelf.lay(window(-990, -980), lead_in=True)
        house.shelf.answers[part.name].append(instead(film(house, -990, -985)))
        trouble = BadAnswerError("cloud_trouble", status="502")
        house.shelf.troubles += [None, *[trouble] * retry.MOST_ATTEMPTS]
        job = await house.save(part.window)
        assert job.clips[0].gaps == (window(-985, -980),)
        assert job.error is trouble


@pytest.mark.parametrize("times", [1, 2])
@simulated
async def test_a_body_that_ends_with_its_connection(tmp_path: Path, times: int) -> None:
    """It may have broken off: a short one is asked for once more, whatever it is of."""
    async with built(tmp_path) as house:
        part = house.shelf.lay(window(-990, -980))
        path = film(house, -990, -980, "mpegts")
        answers = house.shelf.answers[part.name]
        answers += [until_it_ends(path, 0.5)] * times
        job = await house.save(part.window)
        assert len(house.shelf.fetched) == 2
        assert (job.clips[0].status is ClipStatus.PARTIAL) == (times == 2)


# --- what may have been cut


def quarters(house: House) -> tuple[ShelfPart, list[ShelfPart]]:
    """Lay a part that comes cut, and what it can be had in; return both."""
    shelf = house.shelf
    whole = shelf.lay(window(-1000, -960), tolerance=SECOND)
    pieces = [
        shelf.lay(window(at, at + length), tolerance=SECOND)
        for at, length in ((-1000, 20), (-980, 20), (-980, 10), (-970, 10))
    ]
    shelf.answers[whole.name] += [instead(film(house, -1000, -965))] * 9
    shelf.answers[pieces[1].name] += [instead(film(house, -980, -975))] * 9
    shelf.smaller = {
        whole.name: pieces[:2],
        pieces[1].name: pieces[2:],
    }
    shelf.plans += [Plan(parts=[whole])] * 2
    return whole, pieces


@simulated
async def test_a_part_of_another_length(tmp_path: Path) -> None:
    """Its halves come in its place, and their halves, until each is as long as it must."""
    async with built(tmp_path) as house:
        whole, _ = quarters(house)
        job = await house.save(whole.window)
        assert job.clips[0].status is ClipStatus.COMPLETE
        assert len(moments(job.clips[0].path, of=FRONT)) == 400
        assert len(house.shelf.fetched) == 5


@simulated
async def test_a_part_without_halves(tmp_path: Path) -> None:
    """It is taken as it is where it cannot be cut, or where its halves do not come."""
    async with built(tmp_path) as house:
        whole, pieces = quarters(house)
        house.shelf.smaller.clear()
        job = await house.save(whole.window, "one")
        assert job.clips[0].gaps == (window(-965, -960),)
        assert job.error is None

        refused = RefusedError("frame_broken")
        house.shelf.smaller = {whole.name: pieces[:2]}
        house.shelf.refused = {one.name: refused for one in pieces}
        job = await house.save(whole.window, "two")
        assert job.clips[0].gaps == (window(-965, -960),)
        assert job.error is refused


@simulated
async def test_a_body_that_is_as_large_as_can_be(tmp_path: Path) -> None:
    """A cloud that cuts at a size may have cut it, whatever its length."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        whole = shelf.lay(window(-1000, -980))
        halves = [shelf.lay(one) for one in whole.window.split(10 * SECOND)]
        shelf.smaller = {whole.name: halves}
        shelf.plans.append(Plan(parts=[whole]))
        sizes = [(shelf.folder / one.name).stat().st_size for one in shelf.parts]
        shelf.most_bytes = sizes[0] - 1
        assert max(sizes[1:]) < shelf.most_bytes
        job = await house.save(whole.window)
        assert job.clips[0].status is ClipStatus.COMPLETE
        assert shelf.fetched == [one.name for one in shelf.parts]


@simulated
async def test_a_plan_that_may_be_less(tmp_path: Path) -> None:
    """Why is told with the clip, which is partial then; without footage, it is the error."""
    async with built(tmp_path) as house:
        part = house.shelf.lay(window(-1000, -990))
        lacking = NoPermissionError("no_permission", action="list")
        house.shelf.plans += [
            Plan(parts=[part], trouble=lacking),
            Plan(parts=[], trouble=lacking),
        ]
        job = await house.save(part.window)
        assert (job.state, job.error) == (JobState.SAVED, lacking)
        assert (job.clips[0].status, job.clips[0].gaps) == (ClipStatus.PARTIAL, ())
        job = await house.save(part.window)
        assert (job.state, job.error) == (JobState.FAILED, lacking)


# --- damage


@pytest.mark.parametrize(
    "damage",
    [NotVideoError("body_not_video"), ZeroDivisionError("libav"), ValueError("libav")],
)
@simulated
async def test_a_damaged_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Exception
) -> None:
    """One that cannot be read is its own trouble, is asked for six times, and told."""
    inspect = clip_file.inspect
    async with built(tmp_path) as house:
        parts = [house.shelf.lay(window(at, at + 10)) for at in (-1000, -990, -980)]
        bad_bytes = (house.shelf.folder / "1.mp4").read_bytes()

        def inspect_if_good(file: File, still_at: Any) -> clip_file.Media:
            if file.path.read_bytes() == bad_bytes:
                raise damage
            return inspect(file, still_at)

        monkeypatch.setattr(clip_file, "inspect", inspect_if_good)
        job = await house.save(window(-1000, -970))
        assert job.clips[0].gaps == (parts[1].window,)
        assert job.error
        assert job.error.key in ("body_not_video", "body_truncated")
        asked = house.shelf.fetched
        assert asked.count("1.mp4") == retry.MOST_UNREADABLE
        assert len(asked) == 2 + retry.MOST_UNREADABLE


@simulated
async def test_a_part_that_is_unreadable_at_first(tmp_path: Path) -> None:
    """It is had from another of the source's addresses, which is asked again."""
    async with built(tmp_path) as house:
        part = house.shelf.lay(window(-1000, -990))
        path = film(house, -1000, -990)
        content = bytearray(path.read_bytes())
        at = content.index(b"mdat") + 4
        content[at:] = bytes(len(content) - at)
        path.write_bytes(content)
        answers = house.shelf.answers[part.name]
        answers += [instead(path)] * (retry.MOST_UNREADABLE - 1)
        job = await house.save(part.window)
        assert job.clips[0].status is ClipStatus.COMPLETE
        assert len(house.shelf.fetched) == retry.MOST_UNREADABLE


# --- what is in the parts


@simulated
async def test_parts_are_surveyed_while_others_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is, once: when all have come, they are only joined."""
    survey, order = clip_file.survey, list[str]()

    def surveyed(piece: clip_file.Piece, *others: Any) -> MediaInfo:
        order.append(f"surveyed {(piece.window.start - NOON).total_seconds():.0f}")
        return survey(piece, *others)

    async def at_last(request: web.Request, path: Path) -> web.StreamResponse:
        response = await slowly(30)(request, path)
        order.append("sent the last")
        return response

    monkeypatch.setattr(clip_file, "survey", surveyed)
    async with built(tmp_path) as house:
        for at in (-1000, -990):
            house.shelf.lay(window(at, at + 10))
        last = house.shelf.lay(window(-980, -970))
        house.shelf.answers[last.name].append(at_last)
        job = await house.save(window(-1000, -970))
        assert job.clips[0].status is ClipStatus.COMPLETE
    assert sorted(order[:2]) == ["surveyed -1000", "surveyed -990"]
    assert order[2:] == ["sent the last", "surveyed -980"]


# --- the disk


@pytest.mark.parametrize("is_enough", [True, False])
@simulated
async def test_a_disk_that_is_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_enough: bool
) -> None:
    """It is told after the first parts what all of them need, before they are fetched."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        for number in range(12):
            shelf.lay(window(number * 6 - 1000, number * 6 - 994))
        sizes = [(shelf.folder / one.name).stat().st_size for one in shelf.parts]
        # All parts, and one more while they are joined.
        needed_bytes = round(1.03 * (sum(sizes) + max(sizes)))
        capacity: int = needed_bytes if is_enough else round(0.7 * needed_bytes)

        def free_bytes(folder: Folder) -> int:
            used = sum(one.stat().st_size for one in folder.path.glob("*.part"))
            return capacity + files.RESERVE_BYTES - used

        monkeypatch.setattr(Folder, "free_bytes", free_bytes)
        job = await house.save(window(-1000, -928))
        if is_enough:
            assert job.error is None
            assert job.clips[0].status is ClipStatus.COMPLETE
            return
        assert job.error
        assert job.error.key == "storage_too_small"
        assert job.error.placeholders["path"] == str(house.media)
        assert job.error.placeholders["needed"].endswith(" kB")
        assert len(shelf.fetched) <= fetching.SPACE_KNOWN_AFTER + shelf.parts_at_once
        assert house.names() == []


# --- a restart


async def interrupted(house: House, count: int) -> None:
    """Stop Home Assistant once so many parts came, and no other will."""
    came = asyncio.Event()
    shelf = house.shelf

    async def serve(request: web.Request, path: Path) -> web.StreamResponse:
        if int(path.stem) >= count:
            came.set()
            await asyncio.sleep(MINUTE.total_seconds())
        return await send(request, path)

    shelf.parts_at_once = 1  # type: ignore[misc]
    shelf.answer = serve
    stretch = Window(shelf.parts[0].window.start, shelf.parts[-1].window.end)
    await house.ask(stretch, "day/clip", timeout=MINUTE)
    await came.wait()
    await house.stop()
    shelf.answer = send


@pytest.mark.parametrize("is_killed", [False, True])
@simulated
async def test_parts_are_kept_over_a_restart(tmp_path: Path, is_killed: bool) -> None:
    """Of twelve parts of which five came, seven are fetched after the restart."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        for number in range(12):
            shelf.lay(window(number * 6 - 1000, number * 6 - 994))
        await interrupted(house, 5)
        (folder,) = house.media.glob("day/.clip_download_*")
        assert folder.stat().st_mode & 0o777 == 0o700
        names = sorted(path.name for path in folder.glob("*.part"))
        assert len(names) == 5
        assert len(list(folder.iterdir())) == 10
        assert all((folder / name).with_suffix(".json").is_file() for name in names)
        if is_killed:
            # What a kill leaves: a part that was on its way, or not recorded yet, and
            # what was made of others.
            shutil.copy(folder / names[1], folder / "5.part")
            (folder / "made_1.mp4").write_bytes(b"half")
            (folder / "6.json.new").write_text("{")
        shelf.fetched.clear()
        await house.start()
        await house.idle()
        assert len(shelf.fetched) == 7
        (job,) = house.told
        assert job.clips[0].status is ClipStatus.COMPLETE
        assert len(moments(job.clips[0].path, of=FRONT)) == 12 * 60
        assert house.names() == [
            "day",
            "day/clip.jpg",
            "day/clip.json",
            "day/clip.mp4",
        ]


def parts_in(folder: Path) -> list[Path]:
    """Return the parts in a working folder, in order of their time."""
    records = {
        json.loads(path.read_text())["covers"][0]: path
        for path in folder.glob("*.json")
    }
    return [records[start].with_suffix(".part") for start in sorted(records)]


@simulated
async def test_what_is_not_known_to_be_whole_is_fetched_again(tmp_path: Path) -> None:
    """Nor is what the new plan has no more: another ask, window or place, or no record."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        parts = [
            shelf.lay(window(number * 6 - 1000, number * 6 - 994))
            for number in range(8)
        ]
        await interrupted(house, 7)
        (folder,) = house.media.glob("day/.clip_download_*")
        lie = parts_in(folder)
        lie[0].with_suffix(".json").unlink()
        lie[1].with_suffix(".json").write_text("{}")
        lie[2].write_bytes(lie[2].read_bytes()[:-1])
        lie[3].unlink()
        shelf.parts[4] = replace(parts[4], fragments=3)
        shelf.parts[5] = replace(
            parts[5], window=Window(parts[5].window.start, parts[5].window.end + SECOND)
        )
        shelf.fetched.clear()
        await house.start()
        await house.idle()
        assert sorted(shelf.fetched) == [f"{n}.mp4" for n in (0, 1, 2, 3, 4, 5, 7)]
        assert house.told[0].clips[0].status is ClipStatus.COMPLETE


@simulated
async def test_an_account_that_is_removed(tmp_path: Path) -> None:
    """What its jobs have kept goes with it."""
    async with built(tmp_path) as house:
        for number in range(4):
            house.shelf.lay(window(number * 6 - 1000, number * 6 - 994))
        await interrupted(house, 2)
        library = await type(house.library)(house.database).open()
        await forget(library, "account", Executors())
        await library.close()
        assert house.names() == ["day"]
        await house.start()
        assert house.tasks == set()


# --- whose turn it is


@simulated
async def test_a_long_clip_holds_up_no_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a day is joined, a doorbell's clip comes through, with its picture."""
    finish, jpeg = clip_file.finish, clip_file._jpeg
    threads = []
    joining, may_go_on = threading.Event(), threading.Event()

    def finish_slowly(
        pieces: Sequence[clip_file.Piece],
        window: Window,
        *args: object,
        **kwargs: object,
    ) -> clip_file.Finished:
        if window.duration > LONGEST_SHORT:
            joining.set()
            assert may_go_on.wait(60)
        return finish(pieces, window, *args, **kwargs)  # type: ignore[arg-type]

    def jpeg_somewhere(frame: av.VideoFrame) -> bytes:
        threads.append(threading.current_thread())
        return jpeg(frame)

    monkeypatch.setattr(clip_file, "finish", finish_slowly)
    monkeypatch.setattr(clip_file, "_jpeg", jpeg_somewhere)
    async with built(tmp_path) as house:
        house.shelf.lay(window(-1000, -990))
        day = await house.ask(window(-5000, -900), "day")
        await asyncio.to_thread(joining.wait, 60)
        bell = await house.ask(window(-1000, -990), "bell")
        job = await bell.done
        assert not day.done.done()
        may_go_on.set()
        assert job.clips[0].path.with_suffix(".jpg").is_file()
        assert (await day.done).state is JobState.SAVED
        # Others cannot publish meanwhile: pictures wait for no long clip either.
        assert threads == [threads[0]] * 2


def test_which_bench() -> None:
    """There are two threads, whatever is asked for; a quarter of an hour is short."""
    executors = Executors()
    storage = Storage(Path("/"))
    names = {
        length: executors.of(storage, Window(NOON, NOON + length))
        .submit(lambda: threading.current_thread().name)
        .result()
        for length in (
            SECOND,
            LONGEST_SHORT,
            LONGEST_SHORT + SECOND,
            96 * LONGEST_SHORT,
        )
    }
    storage.shutdown()
    one, two, three, four = names.values()
    assert one == two != three == four


@simulated
async def test_what_is_not_ready_takes_no_slot(tmp_path: Path) -> None:
    """Two clips that Meraki is still making hold up no third one, with a single slot."""
    server = Server()
    cloud = server.add(MerakiCloud(server))
    cameras = [cloud.add_camera(name, footage=FRONT) for name in ("1", "2", "3")]
    cloud.ready_after_s = 1000
    async with server, built(tmp_path, downloads_at_once=1) as house:
        context = server.authority.client_context()
        connector = TCPConnector(resolver=server.resolver(), ssl=context)
        async with ClientSession(connector=connector) as session:
            house.jobs._source = MerakiSource(
                {"api_key": cloud.api_key, "base_url": "https://api.meraki.com/api/v1"},
                session=session,
            )
            running = []
            for camera in cameras:
                house.camera = MerakiCamera(id=camera.serial, name=camera.serial)
                running.append(
                    await house.ask(window(-1000, -990), camera.serial, timeout=HOUR)
                )
                await asyncio.sleep(10)
                if camera is cameras[1]:
                    cloud.ready_after_s = 0
            assert [one.done.done() for one in running] == [False, False, True]
            assert {(await one.done).state for one in running} == {JobState.SAVED}


@simulated
async def test_a_slot_is_waited_for_without_a_connection(tmp_path: Path) -> None:
    """What is ready waits for its turn; what then is not lets the next one go first."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        names = [shelf.lay(window(at, at + 10)).name for at in (-99, -79, -59)]
        shelf.answers[names[0]].append(slowly(600))
        shelf.opening_s[names[1]] += [0, 60, 60]
        running = []
        for part in shelf.parts:
            shelf.plans.append(Plan(parts=[part]))
            running.append(await house.ask(part.window, part.name))
            await asyncio.sleep(1)
        await asyncio.sleep(590)
        # Both were asked for, and nobody keeps them open.
        assert shelf.fetched == names
        done = [one.done for one in running]
        for number in (0, 2, 1):
            first, _ = await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
            assert first == {running[number].done}
            done.remove(running[number].done)
        assert [job.state for job in house.told] == [JobState.SAVED] * 3
        assert [shelf.fetched.count(name) for name in names] == [1, 3, 2]


@simulated
async def test_cameras_take_turns(tmp_path: Path) -> None:
    """Who asks for many clips of one camera does not keep the others waiting."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        shelf.answers["0.mp4"].append(slowly(600))
        for number, camera_id in enumerate(("front", "front", "front", "yard")):
            part = shelf.lay(window(20 * number - 99, 20 * number - 89))
            shelf.plans.append(Plan(parts=[part]))
            await house.jobs.ask(
                replace(CAMERA, id=camera_id),
                part.window,
                root=house.media,
                filename=PurePosixPath(str(number)),
                timeout=HOUR,
            )
            await asyncio.sleep(1)
        await house.idle()
        assert [job.state for job in house.told] == [JobState.SAVED] * 4
        # Each that found no slot is opened again when it has one.
        assert shelf.fetched[4:] == ["1.mp4", "3.mp4", "2.mp4"]


@simulated
async def test_few_are_opened_ahead(tmp_path: Path) -> None:
    """Of many clips the next ones are opened before there is a slot, and no others."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        shelf.answer = slowly(4)
        for number in range(6):
            part = shelf.lay(window(20 * number - 199, 20 * number - 189))
            shelf.plans.append(Plan(parts=[part]))
            await house.ask(part.window, part.name, timeout=HOUR)
        await asyncio.sleep(1)
        assert len(shelf.fetched) == 1 + AHEAD
        await house.idle()
        # Nothing was asked for twice.
        assert len(shelf.fetched) == 6
        assert [job.state for job in house.told] == [JobState.SAVED] * 6


@simulated
async def test_who_is_not_answered_holds_up_nobody(tmp_path: Path) -> None:
    """A cloud that lets some wait for its answer is asked for the others meanwhile."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        for number in range(AHEAD + 1):
            part = shelf.lay(window(20 * number - 99, 20 * number - 89))
            shelf.plans.append(Plan(parts=[part]))
            shelf.opening_s[part.name].append(1000 if number < AHEAD else 0)
            await house.ask(part.window, part.name, timeout=HOUR)
        await until_saved(house, 1)
        await asyncio.sleep(0)
        assert shelf.opening_s[part.name] == deque()
        assert asyncio.get_running_loop().time() < 60
        await house.idle()
        assert [job.state for job in house.told] == [JobState.SAVED] * (AHEAD + 1)


async def until_saved(house: House, count: int) -> None:
    """Wait, in simulated time, until so many jobs have ended."""
    async with asyncio.timeout(HOUR.total_seconds()):
        while len(house.told) < count:
            await asyncio.sleep(0.1)


# While a slot is waited for with the answer open, without it, and when it is held.
@pytest.mark.parametrize("at_s", [2, 100, 605, 615])
@simulated
async def test_no_slot_is_lost(tmp_path: Path, at_s: float) -> None:
    """A job that is interrupted, or whose body breaks off, gives its slot back."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        names = [shelf.lay(window(at, at + 10)).name for at in (-99, -79, -59)]
        shelf.answers[names[0]].append(slowly(600))
        shelf.opening_s[names[1]] += [0, 8]
        shelf.answers[names[1]] += [slowly(100)] * 2
        shelf.answers[names[2]] += [slowly(10, most_blocks=2)] * 3
        tasks: list[asyncio.Task[None]] = []
        for part in shelf.parts:
            shelf.plans.append(Plan(parts=[part]))
            before = set(house.tasks)
            await house.ask(part.window, part.name)
            begun = house.tasks - before
            tasks += [one for one in begun if one.get_name().startswith("clip ")]
            await asyncio.sleep(0.1)
        await asyncio.sleep(at_s)
        tasks[1].cancel()
        await asyncio.wait([tasks[0], tasks[2]], timeout=HOUR.total_seconds())
        assert [job.state for job in house.told] == [JobState.SAVED] * 2


@simulated
async def test_slots_that_are_dripped_at(tmp_path: Path) -> None:
    """A cloud that sends a byte now and then holds a slot for minutes, and not for good."""

    async def drip(request: web.Request, _: Path) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"\0\0\0\x20ftypisom" + bytes(400))
        while True:
            await asyncio.sleep(0.5)
            await response.write(b"\0")

    async with built(tmp_path) as house:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(download, "LEAST_BYTES", LEAST_BYTES)
            patch.setattr(download, "LEAST_WITHIN_S", LEAST_WITHIN_S)
            shelf = house.shelf
            running = []
            for at in (-99, -79):
                part = shelf.lay(window(at, at + 10))
                shelf.answers[part.name] += [drip] * 99
                shelf.plans.append(Plan(parts=[part]))
                running.append(await house.ask(part.window, part.name))
            await asyncio.sleep(1)
            good = shelf.lay(window(-59, -49))
            shelf.plans.append(Plan(parts=[good]))
            began_s = asyncio.get_running_loop().time()
            job = await house.save(good.window, "good")
            assert job.state is JobState.SAVED
            assert asyncio.get_running_loop().time() - began_s < 5 * 60
            for one in running:
                job = await one.done
                assert job.error
                assert job.error.key == "body_too_slow"
            assert asyncio.get_running_loop().time() - began_s < 20 * 60
        assert house.names() == ["good.jpg", "good.json", "good.mp4"]
