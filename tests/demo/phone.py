"""A simulated phone with Home Assistant's app: what it would show is printed."""

import shutil
from typing import Any

from .home import CHECKOUT, Home, HomeError

NAME = "Demo phone"
BLUEPRINTS = "clip_download"
BELL = "event.front_door_doorbell"


async def register(home: Home) -> str:
    """Register the phone as the app does; return its webhook's id."""
    app = {
        "app_id": "clip_download_demo",
        "app_name": "Demo",
        "app_version": "1",
        "app_data": {"push_websocket_channel": True},
        "device_id": "demo-phone",
        "device_name": NAME,
        "manufacturer": "Simulated",
        "model": "Phone",
        "os_name": "Android",
        "os_version": "16",
        "supports_encryption": False,
    }
    registered = await home.post("/api/mobile_app/registrations", app)
    webhook_id: str = registered["webhook_id"]
    return webhook_id


async def automate(home: Home, camera: str) -> None:
    """Make an automation of each blueprint, which notify the phone. Raises HomeError."""
    shutil.copytree(
        CHECKOUT / "blueprints", home.config / "blueprints", dirs_exist_ok=True
    )
    async with home.websocket() as websocket:
        devices = await websocket.ask("config/device_registry/list")
    phones = [device["id"] for device in devices if device["name"] == NAME]
    if not phones:
        raise HomeError("the simulated phone is no device")
    made: dict[str, tuple[str, dict[str, Any]]] = {
        "save_when_it_rang": (
            "Front door: tell the phone",
            {"camera": camera, "bell": [BELL], "phones": phones},
        ),
        "daily_digest": ("Daily digest", {"phones": phones}),
    }
    for blueprint, (alias, given) in made.items():
        used = {"path": f"{BLUEPRINTS}/{blueprint}.yaml"}
        await home.post(
            f"/api/config/automation/config/demo_{blueprint}",
            {"alias": alias, "use_blueprint": {**used, "input": given}},
        )


async def show(home: Home, webhook_id: str) -> None:
    """Print what the phone is told, until it is cancelled."""
    async with home.websocket() as websocket:
        await websocket.ask(
            "mobile_app/push_notification_channel", webhook_id=webhook_id
        )
        async for told in websocket.heard():
            data = told.get("data") or {}
            print(f"The phone shows: {told.get('title', '')}: {told['message']}")
            if link := data.get("clickAction"):
                print(f"  a tap opens {home.url}{link}")
            if actions := [action["title"] for action in data.get("actions", ())]:
                print(f"  with the buttons {', '.join(actions)}")
