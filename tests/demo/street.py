"""Footage of a home and its street, for people: weather, houses, cars, and who walks by.

Like the footage of the tests, what a camera saw at a moment is the same whenever it is
asked for. Nothing can be read back from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
import math
from random import Random
from typing import Literal, NamedTuple, override
from zoneinfo import ZoneInfo

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.clouds.footage import Footage, Painter, Picture

from .home import TIME_ZONE

WIDTH, HEIGHT = 640, 360
# What stands still is drawn this much larger, so that its edges are smooth.
FINE = 2
# Sprites are drawn so high, and then made as large as they are seen.
SPRITE = 400
STEPS = 12
LIGHTS = 16
NIGHT = (0.3, 0.34, 0.46)
COATS = ("#b3392f", "#2f5d8a", "#3f6b45", "#c9a227", "#5b4a78", "#36404a")
CARS = ("#8d1f1f", "#24476b", "#d8d8d4", "#30343a", "#4d6b57", "#b08a3c")

type Kind = Literal["person", "courier", "car", "van", "dog", "cat"]
type Place = tuple[float, float, float]


class Walk(NamedTuple):
    """Who comes by: every `every_s`, in `takes_s` along places (x, y of the feet, height)."""

    kind: Kind
    every_s: float
    takes_s: float
    places: Sequence[Place]
    both_ways: bool = True
    likely: float = 0.8


@dataclass(frozen=True)
class Scene:
    """What stands still in front of a camera, and who comes by."""

    draw: Callable[[Canvas], None]
    walks: Sequence[Walk]
    # What of it stands before who comes by: left, top, right, bottom.
    covers: Sequence[tuple[int, int, int, int]] = ()


@dataclass(frozen=True)
class Street(Footage):
    """What a camera of the demonstration films."""

    width: int = WIDTH
    height: int = HEIGHT

    @override
    def painter(self) -> Painter:
        """Return somebody who draws its frames."""
        return _StreetPainter(self)


class Canvas:
    """A picture by day, and the lights that are on by night."""

    def __init__(self, seed: str) -> None:
        """Begin with nothing."""
        size = (WIDTH * FINE, HEIGHT * FINE)
        self.random = Random(seed)
        self.day = Image.new("RGB", size)
        self.glow = Image.new("RGB", size)
        self._day = ImageDraw.Draw(self.day)
        self._glow = ImageDraw.Draw(self.glow)

    def area(self, color: str, *points: tuple[float, float]) -> None:
        """Fill an area."""
        self._day.polygon([(x * FINE, y * FINE) for x, y in points], color)

    def box(self, color: str, *box: float, line: str | None = None) -> None:
        """Fill a rectangle: left, top, right, bottom."""
        self._day.rectangle([one * FINE for one in box], color, line, FINE)

    def blob(self, color: str, x: float, y: float, radius: float, flat: float) -> None:
        """Fill an ellipse."""
        box = (x - radius, y - radius * flat, x + radius, y + radius * flat)
        self._day.ellipse([one * FINE for one in box], color)

    def light(self, color: str, *box: float) -> None:
        """Let a rectangle glow at night."""
        self._glow.rectangle([one * FINE for one in box], color)

    def sky(self, horizon: float) -> None:
        """Draw the sky, with clouds."""
        for row in range(int(horizon * FINE)):
            share = row / horizon / FINE
            color = tuple(
                int(a + (b - a) * share)
                for a, b in zip((118, 160, 205), (214, 226, 234), strict=True)
            )
            self._day.line([(0, row), (WIDTH * FINE, row)], color)
        for _ in range(7):
            x, y = self.random.uniform(0, WIDTH), self.random.uniform(5, horizon * 0.5)
            for _ in range(9):
                radius = self.random.uniform(12, 34)
                self.blob("#e6ebef", x + self.random.uniform(-60, 60), y, radius, 0.3)

    def ground(self, color: str, top: float, bottom: float = HEIGHT) -> None:
        """Draw a strip of ground across the picture."""
        self.box(color, 0, top, WIDTH, bottom)

    def road(self, top: float, bottom: float) -> None:
        """Draw a road across the picture, with its kerbs."""
        self.ground("#55585c", top, bottom)
        self.ground("#9c9a94", top - 4, top)
        self.ground("#a5a29a", bottom, bottom + 5)
        middle = (top + bottom) / 2
        for x in range(-20, WIDTH, 70):
            self.box("#d9d7cf", x, middle - 1, x + 34, middle + 1)

    def houses(self, top: float, bottom: float, widths: Sequence[float]) -> None:
        """Draw a row of house fronts."""
        colors = ("#c8b79c", "#a8624a", "#d7d2c4", "#8f9aa3", "#b98f5e", "#9d5b46")
        x = -30.0
        for number, width in enumerate(widths):
            eaves = top + self.random.uniform(0, 22)
            wall = colors[(number + self.random.randrange(2)) % len(colors)]
            self.house(wall, x, eaves, x + width, bottom)
            x += width

    def house(
        self, wall: str, left: float, top: float, right: float, bottom: float
    ) -> None:
        """Draw a house front: a roof, windows, a door."""
        roof = self.random.choice(("#5a3a33", "#3f4347", "#6b4436"))
        peak = top - (bottom - top) * 0.3
        self.area(
            roof,
            (left - 4, top),
            (left + 14, peak),
            (right - 14, peak),
            (right + 4, top),
        )
        self.box(wall, left, top, right, bottom)
        high = bottom - top
        floors = max(1, int(high / 42))
        columns = max(2, int((right - left) / 34))
        for floor in range(floors):
            for column in range(columns):
                x = left + (right - left) * (column + 0.28) / columns
                y = top + high * (floor + 0.2) / floors
                wide, tall = (right - left) / columns * 0.44, high / floors * 0.52
                if floor == floors - 1 and column == columns // 2:
                    self.box("#4b3527", x, y, x + wide, bottom, line="#e8e4da")
                    continue
                self.box("#44525e", x, y, x + wide, y + tall, line="#ece8df")
                if self.random.random() < 0.45:
                    self.light("#ffcf87", x + 1, y + 1, x + wide - 1, y + tall - 1)

    def bush(self, left: float, right: float, top: float, bottom: float) -> None:
        """Draw a hedge or the crown of a tree."""
        greens = ("#3b5a34", "#456a3c", "#2f4a2c", "#52753f")
        for _ in range(int((right - left) * (bottom - top) / 22)):
            self.blob(
                self.random.choice(greens),
                self.random.uniform(left, right),
                self.random.uniform(top, bottom),
                self.random.uniform(3, 8),
                0.8,
            )

    def tree(self, x: float, ground: float, height: float) -> None:
        """Draw a tree."""
        self.box(
            "#4c3a2b", x - height / 26, ground - height * 0.5, x + height / 26, ground
        )
        for _ in range(5):
            at = x + self.random.uniform(-0.2, 0.2) * height
            top = ground - height + self.random.uniform(0, 0.3) * height
            self.bush(at - height * 0.18, at + height * 0.18, top, top + height * 0.3)

    def lamp(self, x: float, ground: float, height: float) -> None:
        """Draw a street lamp, and its light on the ground."""
        self.box("#3a3d40", x - 1.5, ground - height, x + 1.5, ground)
        self.box("#3a3d40", x - 1.5, ground - height, x + 16, ground - height + 3)
        self.light("#fff0c8", x + 8, ground - height + 2, x + 18, ground - height + 6)
        self.pool(x + 12, ground + 4, 66)

    def pool(self, x: float, y: float, radius: float) -> None:
        """Let light fall on the ground."""
        for share in range(1, 15):
            half = radius * (1 - share / 15)
            self._glow.ellipse(
                [
                    one * FINE
                    for one in (x - half, y - half / 5, x + half, y + half / 5)
                ],
                (6 * share, 5 * share, 3 * share),
            )

    def fence(self, top: float, bottom: float, color: str) -> None:
        """Draw a fence of boards across the picture."""
        for x in range(0, WIDTH, 14):
            self.box(color, x, top + self.random.uniform(-2, 2), x + 12, bottom)
        self.box("#5f4a35", 0, top + 14, WIDTH, top + 18)

    def finish(self) -> tuple[Picture, Picture]:
        """Return day and glow as they are seen: with the texture of things, in size."""
        noise = np.random.default_rng(self.random.randrange(2**32))
        grain = noise.normal(0, 5, (HEIGHT, WIDTH, 1))
        patches = Image.fromarray(
            noise.normal(128, 60, (HEIGHT // 12, WIDTH // 12)).clip(0, 255).astype("u1")
        ).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        grain += (np.asarray(patches, float)[..., np.newaxis] - 128) / 15
        day = np.asarray(self.day.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
        glow = self.glow.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        halo = np.asarray(glow.filter(ImageFilter.GaussianBlur(14)), float)
        return (
            (day + grain).clip(0, 255).astype("u1"),
            (np.asarray(glow) * 0.9 + halo * 1.4).clip(0, 255).astype("u1"),
        )


# --- what the cameras look at


def _front_door(canvas: Canvas) -> None:
    canvas.sky(120)
    canvas.houses(66, 160, (120, 96, 140, 88, 130, 110))
    canvas.ground("#a9a59b", 156)
    canvas.road(166, 204)
    canvas.ground("#b4afa5", 204, 224)
    canvas.ground("#5f8048", 224)
    canvas.area("#b8b0a2", (284, 224), (356, 224), (490, HEIGHT), (150, HEIGHT))
    for number in range(7):
        y = 224 + 136 * (number / 7) ** 1.4
        canvas.box("#a39b8d", 284 - (y - 224), y, 356 + (y - 224), y + 1)
    canvas.lamp(96, 210, 118)
    canvas.tree(560, 232, 170)
    canvas.bush(-5, 250, 214, 248)
    canvas.bush(392, 645, 214, 248)
    # The frame of the door that it hangs beside.
    canvas.area("#e9e5dc", (0, 0), (34, 0), (20, HEIGHT), (0, HEIGHT))
    canvas.area("#cfc9bd", (34, 0), (42, 0), (28, HEIGHT), (20, HEIGHT))
    canvas.pool(320, 350, 190)


def _back_door(canvas: Canvas) -> None:
    canvas.sky(130)
    canvas.house("#b9a88d", 60, 74, 230, 150)
    canvas.house("#9d6a50", 400, 62, 590, 150)
    canvas.tree(300, 170, 150)
    canvas.ground("#55763f", 150)
    canvas.fence(128, 184, "#8a6a48")
    canvas.bush(-5, 140, 168, 200)
    canvas.box("#6d5138", 486, 92, 610, 196, line="#573f2b")
    canvas.area("#44352a", (474, 96), (548, 56), (622, 96))
    canvas.box("#4b3626", 530, 130, 566, 196)
    canvas.area("#aaa294", (0, 292), (WIDTH, 268), (WIDTH, HEIGHT), (0, HEIGHT))
    for x in range(-200, WIDTH + 200, 58):
        canvas.area("#968e80", (x, 292), (x + 2, 292), (x * 1.5 - 100, HEIGHT))
    canvas.blob("#8c4a33", 92, 286, 18, 0.5)
    canvas.bush(74, 112, 240, 280)
    canvas.pool(320, 330, 330)


def _driveway(canvas: Canvas) -> None:
    canvas.sky(80)
    canvas.houses(44, 112, (150, 120, 160, 130, 140))
    canvas.ground("#6a8a52", 108)
    canvas.road(122, 176)
    canvas.ground("#b4afa5", 181, 196)
    canvas.ground("#5d7d47", 196)
    canvas.area("#8f8c86", (232, 181), (420, 181), (640, HEIGHT), (96, HEIGHT))
    canvas.area("#84817b", (322, 181), (328, 181), (380, HEIGHT), (368, HEIGHT))
    canvas.tree(92, 214, 168)
    canvas.lamp(500, 184, 130)
    canvas.bush(430, 645, 196, 232)
    # The garage.
    canvas.area("#d8d0c0", (0, 120), (150, 176), (104, HEIGHT), (0, HEIGHT))
    canvas.area("#6b4436", (0, 96), (166, 166), (150, 180), (0, 124))
    canvas.light("#ffdf9f", 118, 190, 128, 200)
    canvas.pool(250, 300, 150)


def _back_yard(canvas: Canvas) -> None:
    canvas.sky(172)
    for x in (20, 150, 250, 470, 610):
        canvas.tree(x, 180, 150)
    canvas.ground("#64874a", 172)
    for y in range(180, HEIGHT, 26):
        canvas.ground("#6d9151", y, y + 10 + (y - 180) // 18)
    canvas.bush(-5, 645, 158, 186)
    canvas.area("#b5ad9f", (400, HEIGHT), (470, 188), (492, 188), (520, HEIGHT))
    for x in (96, 216):
        canvas.box("#7a3b2e", x - 3, 128, x + 3, 236)
    canvas.box("#7a3b2e", 92, 124, 220, 131)
    for x in (136, 176):
        canvas.box("#cfcabd", x - 1, 130, x, 208)
    canvas.box("#3b3430", 132, 206, 180, 211)
    canvas.blob("#7e868c", 580, 300, 60, 0.45)
    canvas.blob("#4f86a6", 580, 296, 52, 0.4)
    canvas.lamp(330, 196, 84)


def _gate(canvas: Canvas) -> None:
    canvas.sky(70)
    canvas.houses(30, 150, (170, 150, 190, 160))
    canvas.ground("#b0aba0", 148)
    canvas.road(168, 246)
    canvas.ground("#b8b3a8", 250, 288)
    canvas.ground("#8f8a80", 288)
    canvas.lamp(420, 164, 112)
    canvas.tree(210, 166, 124)
    for left in (-10, 560):
        canvas.box("#8a4f3d", left, 96, left + 92, HEIGHT)
        for row, y in enumerate(range(96, HEIGHT, 11)):
            canvas.box("#a8705c", left, y, left + 92, y + 1)
            for x in range(left + row % 2 * 12, left + 92, 24):
                canvas.box("#a8705c", x, y, x + 1, y + 11)
        canvas.box("#c9c2b4", left - 6, 86, left + 98, 98)
    canvas.light("#ffd890", 24, 76, 44, 88)
    canvas.light("#ffd890", 594, 76, 614, 88)


def _across(y: float, height: float, wide: float = 1) -> tuple[Place, Place]:
    """Return the way from beyond the left of the picture to beyond its right."""
    return (-height * wide, y, height), (WIDTH + height * wide, y, height)


SCENES = {
    "Front door": Scene(
        _front_door,
        (
            Walk("car", 13, 4.5, _across(196, 40, 2)),
            Walk("person", 21, 13, _across(220, 62)),
            Walk(
                "courier",
                34,
                26,
                ((320, 228, 72), (322, 352, 230), (322, 352, 232), (320, 228, 72)),
                both_ways=False,
                likely=0.9,
            ),
        ),
        covers=((0, 0, 28, HEIGHT),),
    ),
    "Back door": Scene(
        _back_door,
        (
            Walk("cat", 26, 15, _across(322, 46)),
            Walk("person", 31, 17, _across(262, 150)),
        ),
    ),
    "Driveway": Scene(
        _driveway,
        (
            Walk("car", 11, 4.5, _across(166, 58, 2)),
            Walk("van", 37, 6, _across(172, 84, 2)),
            Walk(
                "courier",
                41,
                30,
                ((340, 196, 78), (300, 330, 176), (300, 332, 178), (340, 196, 78)),
                both_ways=False,
            ),
        ),
    ),
    "back-yard": Scene(
        _back_yard,
        (
            Walk("dog", 19, 9, _across(286, 58)),
            Walk("person", 29, 22, ((480, 196, 84), (460, 340, 190))),
        ),
    ),
    "Gate": Scene(
        _gate,
        (
            Walk("car", 15, 4, _across(232, 92, 2)),
            Walk("van", 44, 5, _across(238, 132, 2)),
            Walk("person", 18, 11, _across(280, 150)),
        ),
        covers=((0, 86, 88, HEIGHT), (554, 86, WIDTH, HEIGHT)),
    ),
}


# --- who comes by


@lru_cache(256)
def _sprite(kind: Kind, color: str, step: int) -> Image.Image:
    """Return one pose, facing right, with a transparent ground."""
    image = Image.new("RGBA", (SPRITE * 3, SPRITE))
    draw = ImageDraw.Draw(image)
    match kind:
        case "person" | "courier":
            _person(draw, color, step, has_parcel=kind == "courier")
        case "dog" | "cat":
            _animal(draw, kind, step)
        case _:
            _vehicle(draw, kind, color)
    box = image.getbbox()
    assert box is not None
    # The feet stay where they are from pose to pose.
    return image.crop((box[0], box[1], box[2], SPRITE))


def _limb(
    draw: ImageDraw.ImageDraw,
    color: str,
    start: tuple[float, float],
    size: tuple[int, float],
    angles: tuple[float, float],
) -> tuple[float, float]:
    """Draw an arm or a leg of two parts, so thick and so long; return where it ends."""
    width, length = size
    for angle in angles:
        end = (start[0] + math.sin(angle) * length, start[1] + math.cos(angle) * length)
        draw.line([start, end], color, width)
        for x, y in (start, end):
            half = width / 2
            draw.ellipse((x - half, y - half, x + half, y + half), color)
        start = end
    return start


def _person(
    draw: ImageDraw.ImageDraw, coat: str, step: int, *, has_parcel: bool
) -> None:
    turn = step / STEPS * 2 * math.pi
    swing = math.sin(turn)
    x, hip = 600.0, 215.0 + 4 * abs(swing)
    dark = "#23262b"
    for way, color in ((-1, "#2b3038"), (1, "#363d47")):
        angle = 0.5 * swing * way
        knee = angle - 0.55 * max(0.0, math.cos(turn) * way)
        foot = _limb(draw, color, (x + way * 4, hip), (30, 84), (angle, knee))
        draw.ellipse((foot[0] - 16, foot[1] - 12, foot[0] + 34, foot[1] + 12), dark)
    arms = (0.5 * swing, 0.5 * swing + 0.4)
    if not has_parcel:
        _limb(draw, coat, (x, 108), (24, 54), arms)
    draw.rounded_rectangle((x - 38, 84, x + 38, hip + 22), 30, coat)
    draw.rounded_rectangle((x - 38, 84, x - 14, hip + 22), 20, _shade(coat, 0.8))
    draw.rectangle((x - 9, 66, x + 11, 90), "#b98563")
    draw.ellipse((x - 26, 14, x + 32, 78), "#d3a17d")
    draw.pieslice((x - 32, 8, x + 32, 70), 150, 345, "#3a2a20")
    if has_parcel:
        draw.rectangle((x + 10, 130, x + 100, 196), "#b58a56", "#8c6a3f", 3)
        draw.rectangle((x + 48, 130, x + 60, 196), "#d9c08f")
        _limb(draw, _shade(coat, 0.9), (x, 108), (24, 54), (0.3, 1.3))
    else:
        _limb(draw, _shade(coat, 0.9), (x, 108), (24, 54), (-arms[0], 0.4 - arms[0]))


def _animal(draw: ImageDraw.ImageDraw, kind: Kind, step: int) -> None:
    turn = step / STEPS * 2 * math.pi
    color, dark = ("#8a6238", "#6d4c2a") if kind == "dog" else ("#4a4641", "#383531")
    for at, phase in ((420, 0.0), (450, 2.6), (690, 1.4), (720, 4.0)):
        angle = 0.5 * math.sin(turn + phase)
        _limb(draw, dark, (at, 250), (34, 68), (angle, angle * 0.4))
    draw.rounded_rectangle((380, 150, 760, 290), 70, color)
    tail = 90 + 20 * math.sin(turn * 2)
    draw.line([(395, 190), (310, tail + 40), (290, tail)], color, 26, joint="curve")
    draw.ellipse((720, 70, 870, 220), color)
    draw.ellipse((820, 130, 910, 200), dark if kind == "dog" else color)
    for ear in (742, 808):
        draw.polygon([(ear, 100), (ear + 18, 30), (ear + 46, 96)], dark)


def _vehicle(draw: ImageDraw.ImageDraw, kind: Kind, color: str) -> None:
    dark = _shade(color, 0.75)
    if kind == "van":
        draw.rounded_rectangle((180, 30, 860, 350), 30, color)
        draw.polygon(
            [(850, 60), (930, 70), (1010, 190), (1030, 350), (850, 350)], color
        )
        draw.polygon([(860, 84), (922, 90), (984, 190), (860, 190)], "#2a3640")
        draw.rectangle((180, 250, 1030, 262), dark)
        wheels = (330, 890)
    else:
        draw.polygon(
            [(330, 200), (430, 80), (720, 80), (850, 200)],
            "#26313a",
        )
        draw.line([(330, 200), (430, 80), (720, 80), (850, 200)], color, 20, "curve")
        draw.line([(570, 80), (570, 200)], color, 16)
        draw.rounded_rectangle((190, 190, 1020, 345), 60, color)
        draw.rectangle((220, 290, 1000, 345), dark)
        draw.line([(570, 200), (570, 320)], dark, 4)
        wheels = (350, 850)
    draw.rounded_rectangle((985, 225, 1026, 262), 10, "#fdf3cf")
    draw.rectangle((184, 225, 204, 262), "#a11d1d")
    for x in wheels:
        draw.ellipse((x - 68, 264, x + 68, 400), "#17181a")
        draw.ellipse((x - 36, 296, x + 36, 368), "#9ea3a8")


def _shade(color: str, share: float) -> str:
    red, green, blue = (int(int(color[at : at + 2], 16) * share) for at in (1, 3, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(1024)
def _seen_sprite(
    kind: Kind, color: str, step: int, height: int, light: int, *, is_left: bool
) -> Image.Image:
    """Return a pose as it is seen: its size, its direction, the light on it."""
    image = _sprite(kind, color, step)
    image = image.resize(
        (max(2, image.width * height // SPRITE), height), Image.Resampling.LANCZOS
    )
    if is_left:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = np.asarray(image, float) * (*_dimmed(light), 1)
    return Image.fromarray(pixels.astype("u1"), "RGBA")


# --- light, weather, frames


def _dimmed(light: int) -> tuple[float, float, float]:
    red, green, blue = (one + (1 - one) * light / LIGHTS for one in NIGHT)
    return red, green, blue


def daylight(local: datetime) -> int:
    """Return how light it is, from 0 to `LIGHTS`."""
    hour = local.hour + local.minute / 60
    share = min((hour - 6.3) / 1.7, (18.2 - hour) / 1.9)
    return round(min(max(share, 0), 1) * LIGHTS)


def rains(local: datetime) -> bool:
    """Return whether it rains: in some hours, at the whole home."""
    return Random(f"rain {local:%F %H}").random() < 0.2


@lru_cache(64)
def _base(name: str, light: int) -> Image.Image:
    """Return what stands still, in some light."""
    day, glow = _still(name)
    lit = day * _dimmed(light) + glow * (1 - light / LIGHTS)
    return Image.fromarray(lit.clip(0, 255).astype("u1"))


@lru_cache(16)
def _still(name: str) -> tuple[Picture, Picture]:
    canvas = Canvas(name)
    SCENES[name].draw(canvas)
    return canvas.finish()


@lru_cache(8)
def _caption(name: str, text: str) -> Image.Image:
    """Return what the camera writes into the picture."""
    image = Image.new("RGBA", (WIDTH, 26))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(15)
    for x, anchor, words in ((10, "la", text), (WIDTH - 10, "ra", name)):
        draw.text(
            (x, 4),
            words,
            "white",
            font,
            anchor,
            stroke_width=2,
            stroke_fill="#000000a0",
        )
    return image


class _StreetPainter(Painter):
    """Draws the frames of one camera."""

    def __init__(self, footage: Footage) -> None:
        """Take what is filmed; a name that is no scene's shows one of them."""
        names = sorted(SCENES)
        self._name = footage.name
        self._scene = (
            footage.name
            if footage.name in SCENES
            else names[footage.camera % len(names)]
        )
        self._zone = ZoneInfo(TIME_ZONE)

    @override
    def paint(self, time_ms: int) -> Picture:
        """Return the planes (YUV 4:2:0, one above the other) of one moment's frame."""
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
        local = moment.astimezone(self._zone)
        light = daylight(local)
        still = _base(self._scene, light)
        image = still.copy()
        scene = SCENES[self._scene]
        for walk in scene.walks:
            self._let_walk(image, walk, time_ms / 1000, light)
        for box in scene.covers:
            image.paste(still.crop(box), box)
        if rains(local):
            self._rain(image, time_ms)
        caption = _caption(self._name, f"{local:%Y-%m-%d  %H:%M:%S}")
        image.paste(caption, (0, 0), caption)
        frame = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24")
        return frame.reformat(format="yuv420p").to_ndarray().astype("u1", copy=False)

    def _let_walk(
        self, image: Image.Image, walk: Walk, time_s: float, light: int
    ) -> None:
        turn, since_s = divmod(time_s, walk.every_s)
        random = Random(f"{self._name} {walk.kind} {turn:.0f}")
        share = since_s / walk.takes_s
        if share >= 1 or random.random() > walk.likely:
            return
        is_vehicle = walk.kind in {"car", "van"}
        color = random.choice(CARS if is_vehicle else COATS)
        places = walk.places
        if walk.both_ways and random.random() < 0.5:
            places = places[::-1]
        leg, along = divmod(share * (len(places) - 1), 1)
        here, there = places[int(leg)], places[int(leg) + 1]
        x, y, height = (a + (b - a) * along for a, b in zip(here, there, strict=True))
        is_still = math.hypot(there[0] - here[0], there[1] - here[1]) < 4
        step = 3 if is_still or is_vehicle else int(time_s * 14) % STEPS
        sprite = _seen_sprite(
            walk.kind, color, step, int(height), light, is_left=there[0] < here[0]
        )
        left, top = int(x - sprite.width / 2), int(y - sprite.height)
        _shadow(image, x, y, sprite.width * (0.46 if is_vehicle else 0.36), light)
        image.paste(sprite, (left, top), sprite)
        if is_vehicle and light < LIGHTS / 2:
            way = -1 if there[0] < here[0] else 1
            _headlight(image, x + way * sprite.width * 0.72, y - height / 3, height)

    def _rain(self, image: Image.Image, time_ms: int) -> None:
        random = Random(time_ms)
        draw = ImageDraw.Draw(image)
        for _ in range(70):
            x, y = random.uniform(0, WIDTH), random.uniform(0, HEIGHT)
            length = random.uniform(6, 16)
            draw.line([(x, y), (x - length / 5, y + length)], "#aeb9c2")


def _shadow(image: Image.Image, x: float, y: float, half: float, light: int) -> None:
    flat = max(2, int(half * 0.16))
    mask = Image.new("L", (int(half * 2), flat * 2))
    ImageDraw.Draw(mask).ellipse((0, 0, *mask.size), 40 + 50 * light // LIGHTS)
    image.paste("black", (int(x - half), int(y - flat)), mask)


def _headlight(image: Image.Image, x: float, y: float, height: float) -> None:
    beam = _beam(int(height))
    image.paste("#fff1c4", (int(x - beam.width / 2), int(y - beam.height / 2)), beam)


@lru_cache(32)
def _beam(height: int) -> Image.Image:
    mask = Image.new("L", (height * 2, height))
    box = (height * 0.3, height * 0.3, height * 1.7, height * 0.7)
    ImageDraw.Draw(mask).ellipse(box, 150)
    return mask.filter(ImageFilter.GaussianBlur(height / 8))
