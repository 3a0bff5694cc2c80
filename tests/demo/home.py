"""A real Home Assistant in a process of its own, driven as a person's browser drives it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
import compileall
from contextlib import asynccontextmanager
from http import HTTPStatus
import json
import os
from pathlib import Path
import shutil
import sys
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse
from yarl import URL

CHECKOUT = Path(__file__).parents[2]
INTEGRATION = CHECKOUT / "custom_components" / "clip_download"
LAUNCHER = Path(__file__).with_name("launch.py")

# At its first start Home Assistant installs what its parts require.
STARTS_WITHIN_S = 300
STOPS_WITHIN_S = 60
# An action answers when its clips are saved, which the clouds' lag may put off.
ANSWERS_WITHIN_S = 900

# Not UTC, so that a local time taken for UTC does not go unseen.
TIME_ZONE = "Europe/Berlin"
CONFIGURATION = """\
homeassistant:
  name: Home
  time_zone: {time_zone}
  country: DE
  currency: EUR
  unit_system: metric
  latitude: 52.52
  longitude: 13.4
  elevation: 34
  media_dirs:
    local: {media}
frontend:
config:
media_source:
my:
diagnostics:
repairs:
logger:
  default: warning
  logs:
    custom_components.clip_download: debug
"""
# What onboarding adds besides the person (weather, radio) needs the internet.
ONBOARDED = {"done": ["core_config", "analytics", "integration"]}
# The port as if it had been set in the UI: what comes from YAML is put back after five
# minutes, unless a person confirms it.
HTTP = {
    "server_host": ["127.0.0.1"],
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "intermediate_v6",
    "use_x_frame_options": True,
}

# Who may see one camera only: no page makes such a group.
ONE_CAMERA = "camera.driveway"
ONE_CAMERA_GROUP = "one_camera"
AUTH = {
    "users": [],
    "groups": [
        {
            "id": ONE_CAMERA_GROUP,
            "name": "One camera",
            "policy": {"entities": {"entity_ids": {ONE_CAMERA: True}}},
        }
    ],
    "credentials": [],
    "refresh_tokens": [],
}

# What a person fills in, or how to find that out when it is asked for.
type Form = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


class HomeError(Exception):
    """Home Assistant does not do what it should; the message says what."""


class Home:
    """One running Home Assistant, signed in.

    `log` is its log file, `media` its media folder.
    """

    def __init__(self, session: ClientSession, folder: Path, port: int) -> None:
        """Take the HTTP session to use, the folder it lives in and its port."""
        self.url = f"http://127.0.0.1:{port}"
        self.username = "demo"
        self.password = "demo"
        self.config = folder / "config"
        self.media = folder / "media"
        self.log = self.config / "home-assistant.log"
        self.output = folder / "home-assistant.out"
        self._port = port
        self._session = session
        self._headers: dict[str, str] = {}
        self._webhook = ""

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        port: int,
        *,
        ports: Mapping[str, int],
        ca_bundle: Path,
        configuration: str = "",
    ) -> AsyncIterator[Self]:
        """Run Home Assistant on a fresh configuration, with a person signed in.

        `ports` are the loopback ports that hosts are found at, `ca_bundle` the
        authorities that it trusts, `configuration` YAML that is added.
        """
        async with ClientSession(
            timeout=ClientTimeout(total=ANSWERS_WITHIN_S)
        ) as session:
            home = cls(session, folder, port)
            await asyncio.to_thread(home._make_configuration, configuration)
            async with home._process(ports, ca_bundle) as process:
                await home._until_up(process)
                await home._sign_in()
                yield home

    def _make_configuration(self, more: str = "") -> None:
        for directory in (self.config, self.media):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
        # With what it compiles to, which is not made anew for each run.
        compileall.compile_dir(INTEGRATION, quiet=2)
        shutil.copytree(
            INTEGRATION, self.config / "custom_components" / INTEGRATION.name
        )
        (self.config / "configuration.yaml").write_text(
            CONFIGURATION.format(media=json.dumps(str(self.media)), time_zone=TIME_ZONE)
            + more
        )
        (self.config / "automations.yaml").write_text("[]\n")
        (self.config / ".storage").mkdir()
        self._store("onboarding", 4, ONBOARDED)
        http = {
            "stable": {**HTTP, "server_port": self._port},
            "pending": None,
            "yaml_migration_done": True,
        }
        self._store("http", 3, http)
        self._store("auth", 1, AUTH)

    def _store(self, key: str, version: int, data: Mapping[str, Any]) -> None:
        stored = {"version": version, "minor_version": 1, "key": key, "data": data}
        (self.config / ".storage" / key).write_text(json.dumps(stored))

    @asynccontextmanager
    async def _process(
        self, ports: Mapping[str, int], ca_bundle: Path
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        # Its standard input stays open as long as we live: at its end it stops by itself.
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONPATH"
        }
        with self.output.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(LAUNCHER),
                "--config",
                str(self.config),
                "--log-no-color",
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={
                    **environment,
                    "REQUESTS_CA_BUNDLE": str(ca_bundle),
                    "CLIP_DOWNLOAD_DEMO_PORTS": json.dumps(dict(ports)),
                },
                # Ctrl-C is for us; we end it in order.
                start_new_session=True,
            )
            try:
                yield process
            finally:
                await _stop(process)

    async def _until_up(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                while not await self._is_up():
                    if process.returncode is not None:
                        raise HomeError(
                            f"it ended with {process.returncode}; see {self.output}"
                        )
                    await asyncio.sleep(0.2)
        except TimeoutError as err:
            raise HomeError(
                f"it did not answer within {STARTS_WITHIN_S} s; see {self.output}"
            ) from err

    async def _is_up(self) -> bool:
        try:
            async with self._session.get(f"{self.url}/api/onboarding") as response:
                return response.status == 200
        except ClientError:
            return False

    async def _sign_in(self) -> None:
        client_id = f"{self.url}/"
        answer = await self.post(
            "/api/onboarding/users",
            {
                "name": "Demo",
                "username": self.username,
                "password": self.password,
                "client_id": client_id,
                "language": "en",
            },
        )
        async with self._session.post(
            f"{self.url}/auth/token",
            data={
                "grant_type": "authorization_code",
                "code": answer["auth_code"],
                "client_id": client_id,
            },
        ) as response:
            tokens = await response.json()
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    async def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """Post to the REST API and return its answer. Raises HomeError."""
        async with self._session.post(
            f"{self.url}{path}", json=data, headers=self._headers
        ) as response:
            if response.status not in (200, 201):
                raise HomeError(
                    f"{path} answered {response.status}: {await response.text()}"
                )
            return await response.json()

    async def remove_entry(self, entry_id: str) -> None:
        """Remove an account, or a place for copies. Raises HomeError."""
        path = f"/api/config/config_entries/entry/{entry_id}"
        async with self._session.delete(
            f"{self.url}{path}", headers=self._headers
        ) as response:
            if response.status != HTTPStatus.OK:
                raise HomeError(f"{path} answered {response.status}")

    async def add_account(self, kind: str, *forms: Form) -> str:
        """Set up an account through the config flow; return the config entry's id.

        `forms` are what a person fills in after choosing `kind` from the menu, one
        after the other. Raises HomeError if the flow wants anything else.
        """
        flows = "/api/config/config_entries/flow"
        step = await self.post(flows, {"handler": INTEGRATION.name})
        if step["type"] != "menu" or kind not in step["menu_options"]:
            raise HomeError(f"the config flow offers no {kind}: {step}")
        flow = f"{flows}/{step['flow_id']}"
        step = await self.post(flow, {"next_step_id": kind})
        for form in forms:
            if step["type"] != "form":
                raise HomeError(f"the config flow of {kind} shows no form: {step}")
            step = await self.post(flow, form() if callable(form) else form)
        return _entry_id(kind, await self._finish(flow, step))

    async def _finish(self, flow: str, step: Any) -> Any:
        """Save nothing by itself of a new account, and fetch nothing of what is there."""
        if step.get("step_id") != "saving":
            return step
        nothing = {"cameras": [], "new_cameras": False, "back_fill": False}
        names = {field["name"] for field in step["data_schema"]}
        return await self.post(
            flow, {name: nothing[name] for name in nothing.keys() & names}
        )

    async def link_account(
        self, kind: str, app: Mapping[str, str], browser: ClientSession
    ) -> str:
        """Set up an account by OAuth 2; return the config entry's id.

        `app` are the `client_id` and `client_secret` that a person types first;
        `browser` reaches the cloud. Raises HomeError if anything else is wanted.
        """
        flows = "/api/config/config_entries/flow"
        # The first flow brings the integration, and with it what credentials go to.
        step = await self.post(flows, {"handler": INTEGRATION.name})
        async with self.websocket() as websocket:
            await websocket.ask(
                "application_credentials/create", domain=INTEGRATION.name, **app
            )
        flow = f"{flows}/{step['flow_id']}"
        for choice in (kind, "link"):
            if step["type"] != "menu" or choice not in step["menu_options"]:
                raise HomeError(f"the config flow offers no {choice}: {step}")
            step = await self.post(flow, {"next_step_id": choice})
        if step["type"] != "external":
            raise HomeError(f"the config flow of {kind} opens no browser: {step}")
        async with browser.get(step["url"], allow_redirects=False) as response:
            if response.status != 302:
                raise HomeError(f"{kind} does not let us in: {await response.text()}")
            back = URL(response.headers["Location"])
        # What my.home-assistant.io does for everybody.
        async with self._session.get(
            URL(f"{self.url}/auth/external/callback").with_query(back.query)
        ) as response:
            if response.status != 200:
                raise HomeError(f"the way back from {kind}: {await response.text()}")
        async with self._session.get(
            f"{self.url}{flow}", headers=self._headers
        ) as response:
            step = await response.json()
        return _entry_id(kind, await self._finish(flow, step))

    async def add_person(self, name: str, group: str) -> None:
        """Let somebody else sign in: name and password are the same."""
        async with self.websocket() as websocket:
            made = await websocket.ask(
                "config/auth/create", name=name, group_ids=[group]
            )
            await websocket.ask(
                "config/auth_provider/homeassistant/create",
                user_id=made["user"]["id"],
                username=name,
                password=name,
            )

    async def set_options(self, entry_id: str, given: Mapping[str, Any]) -> None:
        """Change some of an account's options, and leave the others. Raises HomeError.

        Where the form tells a webhook's address, that is what `notify` posts to.
        """
        flows = "/api/config/config_entries/options/flow"
        step = await self.post(flows, {"handler": entry_id})
        if step["type"] != "form":
            raise HomeError(f"the options show no form: {step}")
        kept = _filled(step["data_schema"])
        self._webhook = URL(step["description_placeholders"]["webhook_url"]).path
        step = await self.post(f"{flows}/{step['flow_id']}", {**kept, **given})
        if step["type"] != "create_entry":
            raise HomeError(f"the options were not taken: {step}")

    async def notify(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Post to the webhook as a cloud does; return the answer's status."""
        async with self._session.post(
            f"{self.url}{self._webhook}", data=body, headers=headers
        ) as response:
            status: int = response.status
            return status

    async def act(self, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Run an action of the integration and return its response."""
        answer = await self.post(
            f"/api/services/{INTEGRATION.name}/{action}?return_response", data
        )
        response: dict[str, Any] = answer["service_response"]
        return response

    async def get(self, path: str) -> bytes:
        """Return what the REST API gives. Raises HomeError."""
        async with self._session.get(
            f"{self.url}{path}", headers=self._headers
        ) as response:
            body = await response.read()
            if response.status != 200:
                raise HomeError(f"{path} answered {response.status}: {body!r}")
            return body

    async def version(self) -> str:
        """Return the release that it is."""
        version: str = json.loads(await self.get("/api/config"))["version"]
        return version

    async def until_running(self) -> None:
        """Wait until it has started all of its parts."""
        while json.loads(await self.get("/api/config"))["state"] != "RUNNING":
            await asyncio.sleep(0.2)

    async def play(self, media_content_id: str, path: Path) -> list[str]:
        """Fetch a part of a clip as a browser's player does; return what is wrong."""
        async with self.websocket() as websocket:
            media = await websocket.ask(
                "media_source/resolve_media", media_content_id=media_content_id
            )
        faults = []
        if media["mime_type"] != "video/mp4":
            faults.append(f"the media browser takes it for {media['mime_type']}")
        # The address is signed, so it needs no other permission.
        async with self._session.get(
            f"{self.url}{media['url']}", headers={"Range": "bytes=100-199"}
        ) as response:
            part = await response.read()
        with path.open("rb") as file:
            file.seek(100)
            if (response.status, part) != (206, file.read(100)):
                faults.append(f"the media browser cannot play it ({response.status})")
        return faults

    @asynccontextmanager
    async def websocket(self) -> AsyncIterator[Websocket]:
        """Open the WebSocket API."""
        token = self._headers["Authorization"].removeprefix("Bearer ")
        async with self._session.ws_connect(f"{self.url}/api/websocket") as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": token})
            if (await connection.receive_json())["type"] != "auth_ok":
                raise HomeError("the WebSocket API refuses the token")
            yield Websocket(connection)


class Websocket:
    """The WebSocket API; what it sends besides answers is kept in `events`."""

    def __init__(self, connection: ClientWebSocketResponse) -> None:
        """Take an open, authenticated connection."""
        self.events: list[dict[str, Any]] = []
        self._connection = connection
        self._last_id = 0

    async def ask(self, command: str, **fields: Any) -> Any:
        """Send a command and return its result. Raises HomeError."""
        self._last_id += 1
        await self._connection.send_json(
            {"id": self._last_id, "type": command, **fields}
        )
        while True:
            message = await self._connection.receive_json()
            if message["type"] == "event":
                self.events.append(message["event"])
            elif message["type"] == "pong":
                return None
            elif message["id"] == self._last_id:
                if not message["success"]:
                    raise HomeError(f"{command} failed: {message['error']}")
                return message["result"]

    async def heard(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what is sent besides answers, until the connection ends."""
        async for message in self._connection:
            told = message.json()
            if told["type"] == "event":
                yield told["event"]


def _filled(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the frontend fills a form in with: defaults, in sections too."""
    return {
        field["name"]: (
            _filled(field["schema"])
            if field.get("type") == "expandable"
            else field["default"]
        )
        for field in fields
        if field.get("type") == "expandable" or "default" in field
    }


def _entry_id(kind: str, step: Mapping[str, Any]) -> str:
    """Return the id of the config entry that a flow ended with. Raises HomeError."""
    if step["type"] != "create_entry":
        raise HomeError(f"the config flow of {kind} did not end well: {step}")
    entry_id: str = step["result"]["entry_id"]
    return entry_id


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOPS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
