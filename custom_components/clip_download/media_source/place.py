"""What a folder or an item of the media browser is, and who looks at it."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from urllib.parse import quote, unquote

from ..engine.errors import InvalidRequestError


class Tree(StrEnum):
    """The two folders at the top."""

    CLIPS = "clips"
    CLOUD = "cloud"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder or an item in the trees: tree > account > camera > day > item.

    The levels below it are empty. `day` is ISO 8601; `item` is the id of a clip, of an
    event in the cloud, or of an hour or some minutes there. A folder of older items
    begins `before` a day, or after `offset` clips.
    """

    tree: Tree | None = None
    account_id: str = ""
    camera_id: str = ""
    day: str = ""
    item: str = ""
    before: str = ""
    offset: int = 0

    @property
    def identifier(self) -> str:
        """The place as one text; the ids in it may have any characters."""
        parts = (self.tree, self.account_id, self.camera_id, self.day, self.item)
        path = "/".join(quote(part, safe="") for part in parts if part)
        older = self.before or self.offset
        return f"{path}?{older}" if older else path

    @classmethod
    def parse(cls, identifier: str) -> Place:
        """Return the place of an identifier. Raises InvalidRequestError."""
        path, _, older = identifier.partition("?")
        tree, *ids = (unquote(part) for part in path.split("/"))
        account_id, camera_id, day, item, *_ = *ids, "", "", "", ""
        try:
            place = cls(
                tree=Tree(tree) if tree else None,
                account_id=account_id,
                camera_id=camera_id,
                day=f"{date.fromisoformat(day)}" if day else "",
                item=item,
            )
            if older and day and not item:
                place = replace(place, offset=max(int(older[:9]), 0))
            elif older and camera_id:
                place = replace(place, before=f"{date.fromisoformat(older)}")
        except ValueError as err:
            raise InvalidRequestError("media_unknown") from err
        # Each place has one identifier only.
        if place.identifier != identifier:
            raise InvalidRequestError("media_unknown")
        return place


@dataclass(frozen=True)
class Viewer:
    """Who browses or plays.

    `cameras` are those that they may control, by account id and camera id; None is all.
    Only a viewer who `is_signed_in` may have something fetched from a cloud.
    """

    cameras: set[tuple[str, str]] | None = None
    is_signed_in: bool = False

    def may_see(self, account_id: str, camera_id: str) -> bool:
        """Return whether they may see a camera's clips."""
        return self.cameras is None or (account_id, camera_id) in self.cameras
