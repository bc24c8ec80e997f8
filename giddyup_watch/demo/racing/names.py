# ruff: noqa: SIM905 - a vocabulary reads best as running text
"""Names put together from plain words, so that nobody takes them for a real horse or person."""

ADJECTIVES = (
    "Amber Ancient Arctic Autumn Bashful Bold Brass Breezy Brisk Bronze Candid Careful Cheerful"
    " Chilly Clever Cloudy Copper Cosy Crimson Curious Dapper Daring Dizzy Dusty Eager Early"
    " Earnest Electric Emerald Faded Faithful Famous Fancy Feathered Fiery Fluffy Foggy Frosty"
    " Gentle Giddy Gilded Golden Grateful Green Hasty Hazel Hidden Hollow Honest Humble Icy Idle"
    " Indigo Iron Ivory Jolly Jumbled Kindly Lasting Lazy Linen Little Lively Lonely Lucky Lunar"
    " Marble Mellow Merry Midnight Misty Modest Mossy Muddy Nimble Noble Paper Patient Pewter"
    " Polite Proud Purple Quiet Rapid Restless Royal Rusty Sandy Scarlet Secret Silent Silver"
    " Sleepy Solar Spotted Stormy Sudden Sunny Tidy Velvet Whistling Wooden"
).split()

NOUNS = (
    "Acorn Almanac Anchor Anvil Apron Arrow Badger Balcony Ballad Banjo Barrel Basket Beacon"
    " Bellows Biscuit Blanket Bonnet Bottle Bramble Bridge Bucket Button Cabin Cactus Candle"
    " Canyon Carpet Castle Chapel Chimney Cinder Clock Clover Cobbler Comet Compass Cottage"
    " Cradle Cricket Cushion Daisy Drum Dumpling Easel Ember Engine Fable Falcon Feather Fender"
    " Ferry Fiddle Flannel Flute Fountain Garden Gazette Goblet Gravel Hammer Harbour Harvest"
    " Hatbox Hedgehog Helmet Hinge Island Jigsaw Kettle Ladder Lantern Lighthouse Locket Lullaby"
    " Magnet Mallet Mandolin Marmalade Meadow Mitten Monocle Muffin Napkin Nutmeg Oboe Orchard"
    " Otter Paddle Parasol Pebble Pepper Piano Pickle Pillow Pinecone Pocket Puddle Puzzle Quiver"
    " Raincoat Ribbon Riddle Saddlebag Sandal Scooter Shutter Signpost Slipper Spanner Spindle"
    " Sundial Teapot Telescope Thimble Thistle Trumpet Turnip Umbrella Violin Waffle Wagon"
    " Whisker Windmill Yarn"
).split()

GIVEN = (
    "Almond Basil Bracken Button Cobalt Cricket Dill Fennel Flint Juniper Kestrel Linnet Marble"
    " Nettle Oakley Pepper Pip Quartz Quill Reed Rowan Sorrel Tansy Teasel Thimble Wren"
).split()

# Apostrophes, accents, full stops and hyphens stand where a loader has to bear them.
HORSE_PATTERNS = (
    "{a} {n}",
    "The {a} {n}",
    "{a} {n} Again",
    "{a} {n} Too",
    "St. {n} {a}",
    "Élan {a} {n}",
    "{n}'s {a} Tune",
    "{a} Café {n}",
    "Call Me {a} {n}",
    "{n} Of {a} Hill",
    "{a}-{n} Blues",
    "Mr. {a} {n}",
    "{a} {n} Dancer",
    "Señor {a} {n}",
    "{n} And {a} Tea",
    "Dancing In {a} {n}",
    "{a} O'{n}",
    "Not {a} {n}",
    "{a} {n} Express",
    "Where's {a} {n}",
    "{a} {n} March",
    "Bring {a} {n}",
    "{a} Über {n}",
    "{a} {n} Song",
)
PARENT_PATTERNS = (
    "{a} {n} Parade",
    "Madame {a} {n}",
    "{n} In {a}",
    "{a} {n} Gold",
    "Lord {a} {n}",
    "{a} {n} Rêve",
    "{n}'s {a} Gift",
    "{a} {n} Star",
)
PERSON_PATTERNS = ("{g} {s}", "{g} {s}", "{g} {s}", "Mrs {g} {s}", "{g} O'{s}", "{g} St. {s}")
OWNER_PATTERNS = (
    "The {a} {n} Partnership",
    "Mr {g} {s}",
    "{a} {n} Racing",
    "Mrs {g} {s}",
    "{g} {s} & Partner",
    "{a} {n} Syndicate, The Second",
    'The "{a} {n}" Club',
)

PAIRS = len(ADJECTIVES) * len(NOUNS)
#: Coprime to every space of names below: neighbours get unlike names, and none twice.
STRIDE = 104_729


def _spread(number: int, patterns: tuple[str, ...]) -> str:
    space = PAIRS * len(patterns)
    cycle, place = divmod(number, space)
    rest, pair = divmod(place * STRIDE % space, PAIRS)
    adjective, noun = divmod(pair, len(NOUNS))
    name = patterns[rest].format(a=ADJECTIVES[adjective], n=NOUNS[noun])
    return f"{name} {cycle + 1}" if cycle else name


def horse(number: int) -> str:
    """A name of its own for every number."""
    return _spread(number, HORSE_PATTERNS)


def parent(number: int) -> str:
    """A sire's or dam's name: never one that `horse` gives."""
    return _spread(number, PARENT_PATTERNS)


def person(number: int) -> str:
    """A jockey's or trainer's name."""
    return _fill(number, PERSON_PATTERNS)


def owner(number: int) -> str:
    return _fill(number, OWNER_PATTERNS)


def _fill(number: int, patterns: tuple[str, ...]) -> str:
    place = number * STRIDE
    adjective = ADJECTIVES[place % len(ADJECTIVES)]
    noun = NOUNS[number % len(NOUNS)]
    given = GIVEN[number * 7 % len(GIVEN)]
    surname = f"{adjective}{noun.lower()}"
    return patterns[number % len(patterns)].format(a=adjective, n=noun, g=given, s=surname)
