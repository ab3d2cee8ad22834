"""The shop's colours: what a customer calls them and how they look."""

PALETTE: dict[str, str] = {
    "red": "#c63a31",
    "dark red": "#7c2331",
    "orange": "#e07b34",
    "yellow": "#e9b935",
    "light yellow": "#f0dc95",
    "olive green": "#7d8444",
    "light green": "#a5cfae",
    "green": "#3f9460",
    "dark green": "#234f3e",
    "turquoise": "#2f9a98",
    "light blue": "#9cc7e3",
    "blue": "#2f6db5",
    "dark blue": "#22345c",
    "light purple": "#bda8d8",
    "purple": "#6d4391",
    "light pink": "#f0bcc4",
    "pink": "#dd6791",
    "brown": "#7d5238",
    "beige": "#d8c0a0",
    "white": "#f0eee8",
    "grey": "#8d9196",
    "black": "#232428",
}

# Colours that sit well on dark and on light grounds.
ON_DARK = ("white", "light yellow", "light pink", "light blue", "yellow", "beige")
ON_LIGHT = ("dark blue", "red", "dark green", "turquoise", "purple", "brown", "blue")

WOODS: dict[str, tuple[str, str, str]] = {
    "oak": ("#c99a63", "#a97a45", "light brown"),
    "walnut": ("#7a4e31", "#573521", "dark brown"),
    "beech": ("#e2c294", "#d0a873", "light brown"),
    "cherry": ("#a9603f", "#874527", "brown"),
}


def brightness(colour: str) -> float:
    """Return how light a colour looks, from 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue
