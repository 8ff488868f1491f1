"""Draws the pictures of the page's first screen, `public/examples/*.webp`.

    python -m local.examples

Each stands for an example of `public/words/examples.json` until a reader has painted it. They are
drawn from shapes, gradients and noise, the same in every run; nobody else's work is in them.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from local.drawing import SIDE, Sheet, X, Y, box, circle, ink, noise, polygon, ridge, smooth, soft

FOLDER = Path(__file__).parents[1] / "public/examples"


def lighthouse() -> Image.Image:
    """A lighthouse at dusk."""
    sheet = Sheet("1b2447", "3d3a6b", "8a4f76", "e2805f", "f7c07a", along=np.clip(Y / 0.62, 0, 1))
    sheet.lay(smooth(0.52, 0.75, noise(3, 5, 5, 3)) * smooth(0.7, 0.1, Y), "f3a183", 0.5)
    sheet.glow(0.22, 0.6, 0.3, "ffd08a", 0.7)
    sheet.lay(soft(0.61 - Y), "2a3558")
    sheet.lay(smooth(0.5, 0.7, noise(30, 3, 2, 8)) * soft(0.61 - Y), "e59a78", 0.45)
    for spread, strength in ((0.075, 0.3), (0.04, 0.45)):
        beam = polygon((0.66, 0.285), (-0.1, 0.2 - spread), (-0.1, 0.2 + spread))
        sheet.lay(beam * smooth(-0.1, 0.66, X), "ffe9b0", strength)
    sheet.lay(ridge(0.74, 0.2, 8, 4) * smooth(0.25, 0.5, X + (Y - 0.7)), "141528")
    sheet.lay(
        polygon((0.36, 1), (0.52, 0.74), (0.62, 0.69), (0.8, 0.68), (1, 0.76), (1, 1)), "12131f"
    )
    sheet.lay(polygon((0.6, 0.7), (0.628, 0.33), (0.712, 0.33), (0.74, 0.7)), "ecdccb")
    sheet.lay(polygon((0.607, 0.61), (0.614, 0.51), (0.726, 0.51), (0.733, 0.61)), "b3453a")
    sheet.lay(polygon((0.62, 0.43), (0.626, 0.36), (0.714, 0.36), (0.72, 0.43)), "b3453a")
    shadow = polygon((0.68, 0.7), (0.68, 0.33), (0.712, 0.33), (0.74, 0.7))
    sheet.lay(shadow, "20203c", 0.5)
    sheet.lay(box(0.615, 0.318, 0.725, 0.335), "1a1a2b")
    sheet.lay(box(0.643, 0.255, 0.697, 0.318), "ffe7a3")
    sheet.lay(polygon((0.632, 0.257), (0.67, 0.205), (0.708, 0.257)), "1a1a2b")
    sheet.glow(0.67, 0.287, 0.09, "ffdf95", 0.9)
    return sheet.finish()


def ridges() -> Image.Image:
    """Blue mountains at sunrise, one behind the other."""
    sheet = Sheet("f6d7b8", "f9b98f", "e79a9c", "b995b8", along=np.clip(Y / 0.6, 0, 1))
    sheet.glow(0.64, 0.34, 0.26, "fff1c9", 0.8)
    sheet.lay(circle(0.64, 0.34, 0.065), "fff3d2")
    tones = ["b79bc0", "8f8bb8", "6a78a8", "48618f", "2d4670", "172a49"]
    for at, tone in enumerate(tones):
        height = 0.44 + at * 0.09
        sheet.lay(ridge(height, 0.34 - at * 0.02, 21 + at, 3), tone)
        mist = smooth(0, 0.17, Y - height) * smooth(0.3, 0.1, Y - height)
        sheet.lay(mist, "f4cdb9", 0.42 - at * 0.055)
    return sheet.finish()


def boat() -> Image.Image:
    """A paper boat on still water."""
    sheet = Sheet("cfdfe0", "a9c6cc", "f2dcc0", along=np.clip(Y / 0.56, 0, 1))
    sheet.lay(ridge(0.5, 0.09, 4, 5), "7f9ea3", 0.7)
    sheet.lay(polygon((0.5, 0.24), (0.33, 0.5), (0.67, 0.5)), "fbf5ea")
    sheet.lay(polygon((0.5, 0.24), (0.5, 0.5), (0.67, 0.5)), "e2d6c5")
    sheet.lay(polygon((0.2, 0.42), (0.8, 0.42), (0.68, 0.57), (0.32, 0.57)), "fffaf0")
    sheet.lay(polygon((0.8, 0.42), (0.68, 0.57), (0.5, 0.57), (0.5, 0.49)), "eadfce")
    sheet.lay(polygon((0.2, 0.42), (0.32, 0.57), (0.5, 0.57), (0.5, 0.49)), "f6eee0")
    sheet.lay(polygon((0.44, 0.462), (0.5, 0.49), (0.56, 0.462), (0.5, 0.42)), "d8483a")
    sheet.mirror(0.57, 0.82, 0.07, 6)
    sheet.lay(soft(0.57 - Y), "4f8790", 0.35)
    for at, radius in enumerate((0.36, 0.47, 0.6)):
        ring = np.abs(np.hypot(X - 0.5, (Y - 0.6) / 0.25) - radius)
        sheet.lay(soft(ring - 0.004, 0.01) * soft(0.58 - Y), "ffffff", 0.35 - at * 0.08)
    return sheet.finish()


def city() -> Image.Image:
    """A city by night, in the rain."""
    sheet = Sheet("0b1026", "1c1c46", "4a2a63", "a34a6d", along=np.clip(Y / 0.62, 0, 1))
    random = np.random.default_rng(11)
    for depth, tone in enumerate(("2d2350", "1b1a3c", "0d0f26")):
        left = -0.05
        while left < 1:
            width, top = 0.06 + random.random() * 0.08, 0.2 + depth * 0.1 + random.random() * 0.24
            sheet.lay(box(left, top, left + width, 0.66), tone)
            for x in np.arange(left + 0.012, left + width - 0.016, 0.022):
                for y in np.arange(top + 0.018, 0.62, 0.034):
                    if random.random() < 0.34 + depth * 0.08:
                        lamp = ("ffd27a", "ffb454", "8fd7ff", "ff7fb0")[
                            int(random.random() ** 2 * 4)
                        ]
                        sheet.lay(box(x, y, x + 0.01, y + 0.017), lamp, 0.5 + depth * 0.25)
            left += width + random.random() * 0.02
    for x, y, colour in ((0.2, 0.5, "ff4f9a"), (0.56, 0.44, "4fd8ff"), (0.83, 0.54, "ffb454")):
        sheet.glow(x, y, 0.12, colour, 0.55)
        sheet.lay(box(x - 0.012, y - 0.07, x + 0.012, y + 0.07), colour)
    sheet.mirror(0.66, 0.75, 0.16, 9)
    sheet.glow(0.5, 0.68, 0.4, "7a3a78", 0.25)
    fall = np.random.default_rng(2)
    for _ in range(90):
        x, y, length = fall.random(), fall.random(), 0.03 + fall.random() * 0.05
        drop = (
            (x, y),
            (x + 0.003, y),
            (x + 0.003 - length * 0.2, y + length),
            (x - length * 0.2, y + length),
        )
        sheet.lay(polygon(*drop), "cfe4ff", 0.28)
    return sheet.finish()


def tea() -> Image.Image:
    """A cup of tea at a window in winter."""
    sheet = Sheet("b9c9d8", "dbe3ea", "f3ece2")
    sheet.lay(ridge(0.4, 0.12, 7, 4), "9fb2c2", 0.8)
    for seed, height in ((1, 0.3), (2, 0.36), (3, 0.33)):
        x = seed * 0.27 - 0.08
        sheet.lay(
            polygon((x, height - 0.16), (x - 0.07, height + 0.15), (x + 0.07, height + 0.15)),
            "7c95a4",
            0.8,
        )
    snow = np.random.default_rng(4)
    for _ in range(70):
        sheet.lay(
            circle(snow.random(), snow.random() * 0.7, 0.003 + snow.random() * 0.006, 0.004),
            "ffffff",
            0.9,
        )
    for bar in (box(0.485, 0, 0.515, 0.7), box(0, 0.19, 1, 0.215)):
        sheet.lay(bar, "6b5140")
    sheet.lay(soft(0.7 - Y), "a8754d")
    sheet.lay(smooth(0.4, 0.8, noise(8, 3, 4, 10)) * soft(0.7 - Y), "6e4528", 0.45)
    sheet.lay(circle(0.5, 0.86, 0.3, 0.03, 0.2), "3a2416", 0.5)
    sheet.lay(circle(0.5, 0.83, 0.27, flat=0.2), "f4ead9")
    sheet.lay(circle(0.5, 0.82, 0.2, flat=0.2), "d8c8b2")
    handle = np.abs(np.hypot(X - 0.7, (Y - 0.63) / 1.1) - 0.075)
    sheet.lay(soft(handle - 0.018), "c8442f")
    depth = np.clip((Y - 0.52) / 0.31, 0, 1)
    cup = soft(np.abs(X - 0.5) - 0.2 * np.sqrt(1 - depth**2.6)) * soft(0.52 - Y) * (depth < 1)
    sheet.lay(cup, "d9543a")
    sheet.lay(cup * smooth(0.45, 0.72, X), "8f2c22", 0.75)
    sheet.lay(cup * smooth(0.06, 0, np.abs(X - 0.38)), "f6a37f", 0.5)
    sheet.lay(circle(0.5, 0.52, 0.2, flat=0.24), "f7d8c4")
    sheet.lay(circle(0.5, 0.525, 0.18, flat=0.22), "7b3d17")
    sheet.lay(circle(0.46, 0.52, 0.09, 0.03, 0.2), "c07a3a", 0.8)
    for x, phase in ((0.43, 0.0), (0.51, 1.6), (0.58, 3.1)):
        swing = x + 0.03 * np.sin(Y * 17 + phase) * smooth(0.52, 0.2, Y)
        steam = np.exp(-(((X - swing) / 0.02) ** 2)) * smooth(0.12, 0.36, Y) * soft(Y - 0.51, 0.02)
        sheet.lay(steam, "ffffff", 0.55)
    return sheet.finish()


def pears() -> Image.Image:
    """Three pears and a vase, by the light of a window."""
    sheet = Sheet("5b6a58", "46523f", along=np.clip((X + Y) / 2, 0, 1))
    sheet.lay(noise(5, 2, 4), "8e9877", 0.25)
    sheet.glow(0.1, 0.1, 0.6, "f3dfae", 0.35)
    sheet.lay(soft(0.68 - Y), "b98a5c")
    sheet.lay(noise(6, 9, 4, 8) * soft(0.68 - Y), "8a5c38", 0.5)
    sheet.lay(circle(0.36, 0.82, 0.2, 0.05, 0.16), "3d2616", 0.6)
    vase = 0.115 - 0.055 * smooth(0.44, 0.3, Y) + 0.035 * smooth(0.3, 0.24, Y)
    round_off = np.sqrt(np.clip(1 - ((Y - 0.52) / 0.31) ** 6, 0, 1))
    body = soft(np.abs(X - 0.3) - vase * round_off) * soft(0.24 - Y) * (round_off > 0)
    sheet.lay(body, "2f5f8f")
    sheet.lay(body * smooth(0.28, 0.42, X), "142c4b", 0.85)
    sheet.lay(body * np.exp(-(((X - 0.25) / 0.018) ** 2)) * smooth(0.4, 0.5, Y), "d9ecf7", 0.6)
    sheet.lay(circle(0.3, 0.243, 0.085, flat=0.2), "10223c")
    for x, y, size, tone, dark in (
        (0.72, 0.62, 1.0, "b7b347", "5d5a1c"),
        (0.54, 0.68, 0.95, "d9a441", "7c4a17"),
        (0.82, 0.74, 0.82, "c86a3a", "692a18"),
    ):
        sheet.lay(circle(x + 0.05, y + 0.14 * size, 0.15 * size, 0.05, 0.2), "2e1a0e", 0.55)
        wide = np.hypot(X - x, Y - y - 0.03) - 0.12 * size
        neck = np.hypot(X - x - 0.01, Y - y + 0.1 * size) - 0.066 * size
        blend = np.clip(0.5 + (neck - wide) / 0.16, 0, 1)
        pear = soft(neck * (1 - blend) + wide * blend - 0.04 * blend * (1 - blend))
        sheet.lay(pear, tone)
        sheet.lay(pear * smooth(-0.04, 0.12 * size, (X - x) + (Y - y) * 0.4), dark, 0.85)
        sheet.lay(pear * circle(x - 0.05 * size, y - 0.01, 0.035, 0.05), "fff2c4", 0.7)
        sheet.lay(
            polygon(
                (x, y - 0.15 * size),
                (x + 0.03, y - 0.22 * size),
                (x + 0.042, y - 0.215 * size),
                (x + 0.014, y - 0.15 * size),
            ),
            "3b2413",
        )
    return sheet.finish(0.016)


def wave() -> Image.Image:
    """A wave, as printed from wood."""
    sheet = Sheet("f1e2c4", "eccf9e")
    sheet.lay(circle(0.72, 0.26, 0.12), "d9503b")
    sheet.lay(polygon((0.5, 0.62), (0.68, 0.45), (0.86, 0.62)), "8ba3b0")
    sheet.lay(
        polygon(
            (0.626, 0.5), (0.68, 0.45), (0.736, 0.5), (0.7, 0.495), (0.68, 0.51), (0.65, 0.495)
        ),
        "fbf5e6",
    )
    for at, (x, y, size) in enumerate(((0.3, 0.5, 0.31), (0.22, 0.78, 0.2))):
        body = soft(y - 0.12 - Y + 0.34 * np.clip(X - x + 0.05, -0.4, 0.6) ** 2 * 3 - 0.1)
        sheet.lay(body * smooth(-0.1, 0, Y - 0.3), "21486e" if at == 0 else "17365a")
        curl = soft(np.hypot(X - x, Y - y) - size) - soft(
            np.hypot(X - x - size * 0.42, Y - y - size * 0.1) - size * 0.66
        )
        sheet.lay(np.clip(curl, 0, 1), "2c5f8a")
        for turn in (0.9, 0.8, 0.7):
            line = np.abs(np.hypot(X - x - size * 0.14 * (1 - turn) * 3, Y - y) - size * turn)
            sheet.lay(soft(line - 0.006) * np.clip(curl, 0, 1), "dbe7e6", 0.8)
        for angle in np.linspace(-2.7, 0.35, 17):
            foam = (x + np.cos(angle) * size, y + np.sin(angle) * size)
            sheet.lay(circle(*foam, 0.024 + 0.012 * np.sin(angle * 9)), "fbf5e6")
    for row in range(4):
        crest = 0.78 + row * 0.065 + 0.018 * np.sin(X * (17 + row * 3) + row * 2)
        sheet.lay(soft(crest - Y), ("2c5f8a", "21486e", "17365a", "102848")[row])
        sheet.lay(soft(np.abs(Y - crest) - 0.003), "f1e2c4", 0.9)
    sheet.lay(smooth(0.35, 0.9, noise(40, 2, 2, 12)), "f1e2c4", 0.1)
    return sheet.finish(0.014)


def balloons() -> Image.Image:
    """Balloons over a desert at dawn."""
    sheet = Sheet("5aa0c8", "a7cbd4", "fbdcae", "f6b482", along=np.clip(Y / 0.72, 0, 1))
    sheet.lay(smooth(0.5, 0.8, noise(3, 12, 5, 3)) * smooth(0.6, 0.2, Y), "ffffff", 0.5)
    for at, tone in enumerate(("d08a6a", "b96a4c", "8f4936")):
        steps = np.round(noise(4, 31 + at, 3)[SIDE // 2] * 6) / 6
        edge = 0.66 + at * 0.09 - (steps - 0.5) * 0.24
        sheet.lay(soft(edge - Y), tone)
        bands = smooth(0.2, 0.9, np.sin(Y * 120 + at) * 0.5 + 0.5)
        sheet.lay(bands * soft(edge - Y), "f3b58a", 0.16)
    for x, y, size, first, second in (
        (0.31, 0.31, 0.15, "d8443a", "f5d9a4"),
        (0.7, 0.2, 0.085, "2f6d8c", "f3c552"),
        (0.8, 0.48, 0.06, "7a3f78", "f19a6b"),
        (0.55, 0.47, 0.035, "3a7d5c", "f5e2b0"),
    ):
        r = np.hypot(X - x, (Y - y) * np.where(y < Y, 0.82, 1))
        across = (X - x) / np.sqrt(
            np.clip(size**2 - ((Y - y) * np.where(y < Y, 0.82, 1)) ** 2, 1e-4, 1)
        )
        skin = soft(r - size) * soft(Y - y - size * 1.12)
        stripe = (np.floor((np.arcsin(np.clip(across, -1, 1)) / np.pi + 0.5) * 8) % 2) > 0
        sheet.lay(skin, first)
        sheet.lay(skin * stripe, second)
        sheet.lay(skin * smooth(-0.2, 1, across), "30182c", 0.5)
        sheet.lay(box(x - size * 0.16, y + size * 1.36, x + size * 0.16, y + size * 1.6), "5a3621")
        for side in (-1, 1):
            top, low = x + side * size * 0.3, x + side * size * 0.14
            sheet.lay(
                polygon(
                    (top, y + size * 1.1),
                    (top + 0.003, y + size * 1.1),
                    (low + 0.003, y + size * 1.38),
                    (low, y + size * 1.38),
                ),
                "3b2a22",
                0.8,
            )
    return sheet.finish()


def aurora() -> Image.Image:
    """Northern lights over a cabin by a lake."""
    sheet = Sheet("050b1e", "0b1c38", "14375a", along=np.clip(Y / 0.62, 0, 1))
    stars = np.random.default_rng(8)
    for _ in range(110):
        sheet.lay(
            circle(stars.random(), stars.random() * 0.55, 0.0015 + stars.random() * 0.002),
            "ffffff",
            stars.random(),
        )
    for base, colour, seed in ((0.4, "3df5a4", 3), (0.32, "2fc4d8", 5), (0.24, "a860e8", 7)):
        line = base + 0.1 * np.sin(X * 5 + seed) + 0.05 * np.sin(X * 11 + seed * 2)
        curtain = smooth(0, 0.02, line - Y) * np.exp(-np.clip(line - Y, 0, 1) / 0.13)
        rays = 0.45 + 0.55 * noise(26, seed, 2)[SIDE // 3][None, :]
        part = (curtain * rays)[..., None] * ink(colour) * 0.85
        sheet.light = 1 - (1 - sheet.light) * (1 - part)
    sheet.lay(ridge(0.54, 0.2, 17, 4), "0a1a30")
    sheet.lay(ridge(0.6, 0.08, 18, 6), "060f1d")
    for x, size in ((0.1, 0.2), (0.18, 0.15), (0.27, 0.12), (0.83, 0.17), (0.92, 0.23)):
        for tier in range(4):
            top = 0.63 - size * (1 - tier * 0.2)
            spread = size * (0.1 + tier * 0.07)
            sheet.lay(
                polygon((x, top), (x - spread, top + size * 0.38), (x + spread, top + size * 0.38)),
                "040a14",
            )
    sheet.lay(box(0.52, 0.55, 0.68, 0.63), "120d10")
    sheet.lay(polygon((0.49, 0.555), (0.6, 0.475), (0.71, 0.555)), "d5e2ee")
    sheet.lay(polygon((0.515, 0.56), (0.6, 0.497), (0.685, 0.56)), "120d10")
    sheet.lay(box(0.55, 0.575, 0.585, 0.605), "ffc870")
    sheet.lay(box(0.615, 0.575, 0.65, 0.605), "ffc870")
    sheet.glow(0.6, 0.59, 0.07, "ffb050", 0.6)
    sheet.mirror(0.635, 0.62, 0.06, 4)
    return sheet.finish()


def arcs() -> Image.Image:
    """Circles and arcs, as a screen print."""
    paper = "f0e4cf"
    sheet = Sheet(paper, paper)
    palette = ["d8503a", "1f4e5f", "e6a23c", "2b2320", "7fa69a"]
    random = np.random.default_rng(34)
    for row in range(4):
        for column in range(4):
            x, y = column / 4, row / 4
            cell = box(x, y, x + 0.25, y + 0.25)
            first, second, third = random.permutation(5)[:3]
            corner_x, corner_y = x + 0.25 * random.integers(2), y + 0.25 * random.integers(2)
            kind = random.integers(4)
            if kind > 0:
                sheet.lay(cell, palette[first])
            if kind == 3:
                sheet.lay(circle(x + 0.125, y + 0.125, 0.1), palette[second])
                sheet.lay(circle(x + 0.125, y + 0.125, 0.045), paper)
            else:
                for radius, tone in ((0.25, palette[second]), (0.17, paper), (0.1, palette[third])):
                    sheet.lay(cell * circle(corner_x, corner_y, radius), tone)
    sheet.lay(smooth(0.55, 0.85, noise(9, 6, 3)), paper, 0.2)
    return sheet.finish()


def planet() -> Image.Image:
    """A planet with rings above a sea."""
    sheet = Sheet("120a2b", "33195a", "8b3a7c", "f08a6e", along=np.clip(Y / 0.66, 0, 1))
    stars = np.random.default_rng(3)
    for _ in range(90):
        sheet.lay(
            circle(stars.random(), stars.random() * 0.45, 0.0015 + stars.random() * 0.002),
            "fff4e0",
            stars.random(),
        )
    x, y, radius = 0.56, 0.34, 0.19
    across, along = (X - x) * 0.94 + (Y - y) * 0.34, (Y - y) * 0.94 - (X - x) * 0.34
    r = np.hypot(across, along / 0.24)
    bands = 0.55 + 0.45 * np.sin(r * 150) * smooth(0.2, 0.9, noise(3, 2))
    rings = soft(np.abs(r - 0.33) - 0.085, 0.006) * soft(0.008 - np.abs(r - 0.335))
    sheet.lay(rings * soft(along) * bands, "f7d9b0", 0.8)
    ball = circle(x, y, radius)
    sheet.glow(x, y, 0.27, "ff9a7a", 0.35)
    sheet.lay(ball, "e8a06a")
    sheet.lay(
        ball * smooth(0.3, 0.9, np.sin(along * 62 + 5 * noise(3, 9, 3)) * 0.5 + 0.5), "b45a4e", 0.75
    )
    sheet.lay(ball * smooth(-0.1, 0.2, (X - x) + (Y - y) * 0.5), "240f38", 0.92)
    sheet.lay(rings * soft(-along) * bands, "fbe3bf", 0.95)
    sheet.lay(circle(0.17, 0.2, 0.035), "d8c3d8")
    sheet.lay(circle(0.18, 0.205, 0.034, 0.012), "4a2a62", 0.8)
    sheet.lay(ridge(0.64, 0.16, 5, 6) * soft(Y - 0.67), "2a1440")
    sheet.mirror(0.66, 0.72, 0.12, 7)
    sheet.lay(smooth(0.55, 0.75, noise(26, 6, 2, 9)) * soft(0.67 - Y), "ffb08a", 0.3)
    return sheet.finish()


def fox() -> Image.Image:
    """A fox asleep among autumn leaves."""
    sheet = Sheet("f3d9a8", "e9b878", "c98a4f")
    for x, width, tone in (
        (0.08, 0.05, "b98a5c"),
        (0.3, 0.035, "cf9f6b"),
        (0.66, 0.03, "d6a874"),
        (0.88, 0.06, "a97b50"),
    ):
        sheet.lay(box(x, 0, x + width, 0.8), tone, 0.8)
    sheet.glow(0.5, 0.12, 0.4, "fff3d0", 0.6)
    random = np.random.default_rng(13)
    leaves = ["c2452d", "dd7a2e", "e9a83b", "8f3d26", "b8862f"]

    def scatter(count: int, top: float, bottom: float) -> None:
        for _ in range(count):
            a, b = random.random(), top + random.random() * (bottom - top)
            turn, long = random.random() * np.pi, 0.02 + random.random() * 0.018
            u = (X - a) * np.cos(turn) + (Y - b) * np.sin(turn)
            v = (Y - b) * np.cos(turn) - (X - a) * np.sin(turn)
            leaf = soft(np.abs(v) - 0.45 * long * np.clip(1 - (u / long) ** 2, 0, 1)) * soft(
                np.abs(u) - long
            )
            sheet.lay(leaf, leaves[int(random.integers(5))])

    sheet.lay(ridge(0.62, 0.06, 3, 4), "a5632f")
    scatter(120, 0.6, 0.95)
    scatter(14, 0.05, 0.5)
    sheet.lay(circle(0.5, 0.83, 0.36, 0.04, 0.2), "5a2c14", 0.6)
    sheet.lay(circle(0.52, 0.66, 0.27, flat=0.66), "d4642a")
    sheet.lay(circle(0.58, 0.6, 0.2, 0.1, 0.6), "ef9450", 0.6)
    tail = soft(np.hypot(X - 0.6, (Y - 0.76) / 0.34) - 0.27) * soft(0.7 - Y - 0.05 * np.sin(X * 9))
    sheet.lay(tail, "bd4f22")
    sheet.lay(tail * smooth(0.42, 0.34, X + 0.02 * np.sin(Y * 90)), "fbeedb")
    sheet.lay(polygon((0.2, 0.54), (0.22, 0.38), (0.31, 0.5)), "9c3d1c")
    sheet.lay(polygon((0.34, 0.5), (0.43, 0.38), (0.44, 0.55)), "9c3d1c")
    sheet.lay(polygon((0.22, 0.52), (0.233, 0.42), (0.29, 0.5)), "f2c9a0")
    sheet.lay(circle(0.32, 0.6, 0.125, flat=0.88), "e0722f")
    sheet.lay(polygon((0.2, 0.62), (0.44, 0.62), (0.34, 0.755), (0.3, 0.755)), "e0722f")
    sheet.lay(polygon((0.215, 0.64), (0.3, 0.66), (0.31, 0.75)), "fbeedb")
    sheet.lay(polygon((0.425, 0.64), (0.34, 0.66), (0.33, 0.75)), "fbeedb")
    sheet.lay(circle(0.32, 0.75, 0.02, flat=0.75), "2b1710")
    for x in (0.265, 0.375):
        lid = np.abs(np.hypot(X - x, Y - 0.6) - 0.026)
        sheet.lay(soft(lid - 0.004) * soft(0.603 - Y), "2b1710")
    scatter(26, 0.84, 0.99)
    return sheet.finish()


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "lighthouse": lighthouse,
    "fox": fox,
    "city": city,
    "ridges": ridges,
    "tea": tea,
    "wave": wave,
    "balloons": balloons,
    "arcs": arcs,
    "aurora": aurora,
    "pears": pears,
    "boat": boat,
    "planet": planet,
}


def main() -> int:
    """Draw all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        draw().save(FOLDER / f"{name}.webp", quality=58, method=6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
