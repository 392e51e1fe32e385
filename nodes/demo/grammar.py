"""The words of the captions. A word that is not here shares one token vector with every other unknown word."""

from __future__ import annotations

KIND_WORDS = {
    "house": ("house", "house", "house", "cottage", "home"),
    "tree": ("tree",),
    "boat": ("boat", "boat", "boat", "sailboat", "ship"),
    "castle": ("castle", "castle", "castle", "palace"),
    "cactus": ("cactus",),
    "mountain": ("mountain", "mountain", "mountain", "peak"),
    "mushroom": ("mushroom", "mushroom", "mushroom", "toadstool"),
    "balloon": ("balloon", "balloon", "hot air balloon", "hot-air balloon"),
}

COLOUR_WORDS = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "blue": ("blue",),
    "purple": ("purple", "purple", "purple", "violet"),
    "white": ("white",),
    "brown": ("brown",),
}

PLACE_WORDS = {
    "left": ("on the left", "on the left", "to the left", "at the left", "on the left side", "left"),
    "middle": ("in the middle", "in the middle", "in the centre", "in the center", "middle"),
    "right": ("on the right", "on the right", "to the right", "at the right", "on the right side", "right"),
}

TIME_WORDS = {
    "day": ("by day", "in the daytime", "during the day", "at noon", "in daylight", "day", "daytime"),
    "sunset": ("at sunset", "at sunset", "sunset", "at dusk", "in the evening", "during sunset"),
    "night": ("at night", "at night", "by night", "night", "in the night", "at midnight"),
}

GROUND_WORDS = {
    "meadow": ("on a meadow", "in a meadow", "in a green meadow", "on the grass", "in a field", "meadow", "grass"),
    "desert": ("in the desert", "in a desert", "on sand", "on the dunes", "in a sandy desert", "desert", "dunes"),
    "snow": ("in the snow", "in the snow", "on snow", "in winter", "in a snowy field", "snow", "on white snow"),
    "sea": ("at sea", "on the sea", "by the sea", "on the water", "on the ocean", "sea", "in the blue sea"),
}

SKY_WORDS = {
    "sun": ("with a sun", "under the sun", "with the sun in the sky", "the sun is shining", "sun", "sunny"),
    "moon": ("with a moon", "under the moon", "with the moon in the sky", "a crescent moon", "moon", "moonlight"),
    "stars": ("with stars", "under the stars", "with stars in the sky", "a starry sky", "stars", "starry"),
    "clouds": ("with clouds", "under clouds", "with clouds in the sky", "a cloudy sky", "clouds", "cloudy"),
    "none": ("with a clear sky", "under an empty sky", "with nothing in the sky", "a clear sky", "clear sky"),
}

ARTICLES = ("a", "a", "a", "the", "one", "")
ADJECTIVES = ("little", "small", "big", "beautiful", "cute", "pretty", "old", "lonely", "lovely", "cosy", "tiny")

OPENINGS = (
    "a picture of",
    "a photo of",
    "a painting of",
    "an illustration of",
    "a drawing of",
    "an image of",
    "a flat illustration of",
    "a scene with",
    "a landscape with",
    "there is",
)

CLOSINGS = (
    "beautiful",
    "highly detailed",
    "masterpiece",
    "best quality",
    "flat colours",
    "vector art",
    "minimalist",
    "simple",
    "digital art",
    "flat design",
)

JOINTS = ("and", "and", "and", "next to", "beside", "with", "near")


def phrases() -> list[str]:
    """Every phrase a caption can hold: the tokens of these are the vocabulary."""
    tables = (KIND_WORDS, COLOUR_WORDS, PLACE_WORDS, TIME_WORDS, GROUND_WORDS, SKY_WORDS)
    words = [phrase for table in tables for choices in table.values() for phrase in choices]
    loose = ("an", "of", ",", ".", "that is", "to the left of", "to the right of", "it is", "is", "in", "at", "the")
    return sorted({*words, *ARTICLES, *ADJECTIVES, *OPENINGS, *CLOSINGS, *JOINTS, *loose} - {""})
