"""A Home Assistant that can be killed, and started again where it was."""

import asyncio
from collections.abc import Callable, Mapping
import contextlib
import json
import os
from pathlib import Path
import sys
import time
from typing import Any, override

from aiohttp import ClientError, ClientSession

from tests.demo.home import INTEGRATION, Home, HomeError

VICTIM = Path(__file__).with_name("victim.py")
DIES_WITHIN_S = 20


class Victim(Home):
    """One Home Assistant in its folder, through many lives.

    `heard` is called with all that it tells. It is signed in by a token that outlives
    it, once `stay_signed_in` was called.
    """

    def __init__(
        self,
        session: ClientSession,
        folder: Path,
        port: int,
        *,
        ports: Mapping[str, int],
        ca_bundle: Path,
    ) -> None:
        """Take the folder it lives in, its port, and where hosts are found."""
        super().__init__(session, folder, port)
        self.shadow = folder / "shadow"
        self._ports = ports
        self._ca_bundle = ca_bundle
        self.heard: Callable[[dict[str, Any]], None] = lambda told: None
        self._process_now: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self.born_at = 0.0

    async def furnish(self) -> None:
        """Make a fresh configuration."""
        await asyncio.to_thread(self._make_configuration)
        self.shadow.mkdir(parents=True, exist_ok=True)

    @override
    async def _sign_in(self) -> None:
        await super()._sign_in()
        async with self.websocket() as websocket:
            token = await websocket.ask(
                "auth/long_lived_access_token", client_name="soak", lifespan=30
            )
        self._headers = {"Authorization": f"Bearer {token}"}

    @override
    async def _is_up(self) -> bool:
        if not self._headers:
            return await super()._is_up()
        try:
            await self.get("/api/")
        except HomeError, ClientError:
            return False
        return True

    async def sign_in(self) -> None:
        """Make the person, and sign in for good."""
        await self._sign_in()

    async def bear(self, aim: Mapping[str, Any] | None = None) -> None:
        """Start the process, with an order to die at a step from its first moment on."""
        reading, writing = os.pipe()
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONPATH"
        }
        with self.output.open("ab") as output:
            self.born_at = time.time()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(VICTIM),
                "--config",
                str(self.config),
                "--log-no-color",
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=[writing],
                env={
                    **environment,
                    "REQUESTS_CA_BUNDLE": str(self._ca_bundle),
                    "CLIP_DOWNLOAD_DEMO_PORTS": json.dumps(dict(self._ports)),
                    "CLIP_DOWNLOAD_SOAK": json.dumps(
                        {
                            "pipe": writing,
                            "media": str(self.media),
                            "shadow": str(self.shadow),
                            "database": str(self.config / "clip_download.db"),
                            "aim": aim,
                        }
                    ),
                },
                start_new_session=True,
            )
        os.close(writing)
        self._process_now = process
        self._listening = asyncio.create_task(self._listen(reading))

    async def _listen(self, reading: int) -> None:
        """Hand on what it tells, up to the last line before its end."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader),
            os.fdopen(reading, "rb", 0),
        )
        with contextlib.closing(transport):
            while line := await reader.readline():
                # The last one may have been cut off.
                if line.endswith(b"\n"):
                    self.heard(json.loads(line))

    async def aim(self, order: Mapping[str, Any]) -> None:
        """Order it to die at a step."""
        process = self._alive()
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(json.dumps(order).encode() + b"\n")
                await process.stdin.drain()

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self._alive().returncode is not None

    def kill(self) -> None:
        """Kill it now."""
        with contextlib.suppress(ProcessLookupError):
            self._alive().kill()

    async def until_dead(self, within_s: float) -> bool:
        """Wait for its end; return whether it came by then."""
        try:
            async with asyncio.timeout(within_s):
                await self._alive().wait()
        except TimeoutError:
            return False
        if self._listening:
            # All that it told is heard.
            await self._listening
        return True

    async def until_up(self) -> None:
        """Wait until it answers. Raises HomeError."""
        await self._until_up(self._alive())

    async def stop(self) -> int:
        """Stop it in order; return its exit code."""
        process = self._alive()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        if not await self.until_dead(DIES_WITHIN_S * 3):
            self.kill()
            await self.until_dead(DIES_WITHIN_S)
            raise HomeError("it does not stop")
        return process.returncode or 0

    async def state(self, entity_id: str) -> str:
        """Return an entity's state, empty if there is none."""
        try:
            state: str = json.loads(await self.get(f"/api/states/{entity_id}"))["state"]
        except HomeError, ClientError:
            return ""
        return state

    async def are_loaded(self, count: int) -> bool:
        """Return whether so many accounts are loaded."""
        entries = json.loads(
            await self.get(
                f"/api/config/config_entries/entry?domain={INTEGRATION.name}"
            )
        )
        return [entry["state"] for entry in entries] == ["loaded"] * count

    def _alive(self) -> asyncio.subprocess.Process:
        assert self._process_now is not None
        return self._process_now
