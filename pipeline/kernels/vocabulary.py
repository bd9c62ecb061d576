"""Small word lists that measures count: function words by language, filler Latin, words of consent banners.

The lists are written for this project: the most frequent function words of each language, and the words of the passage
(Cicero, De finibus I 32-33) from which filler text is drawn, except those of three letters or fewer.
"""

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.characters import character_table

STOP_WORDS: dict[str, str] = {
    "sv": "i och är av en som den med på till att för det ett inte om har de eller ska kan vid från man sig så men var "
    "vi jag du han hon vad när skall får under denna detta efter",
    "da": "i og er af en som den med på til at for det et ikke om har de eller skal kan ved fra man sig så men var vi "
    "jeg du han hun hvad når efter denne dette",
    "nb": "i og er av en som den med på til at for det et ikke om har de eller skal kan ved fra man seg så men var vi jeg "
    "du han hun hva når etter denne dette å",
    "nn": "i og er av ein som den med på til at for det eit ikkje om har dei eller skal kan ved frå ein seg så men var vi "
    "eg du han ho kva når etter denne dette å",
    "en": "the be to of and that have with is in for on as it are by this you at from or not was his her an will which "
    "they we i he she but if can your",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat "
    "dass sie nach wird bei oder wenn sind",
    "fi": "ja on ei että se oli hän mutta kun niin kuin jos myös voi ovat tai sen joka tämä ole jokaisella olla tämän "
    "sitä mitä jotka sekä kanssa",
    "is": "og að í á er sem til um við en með af fyrir var ekki það hann þess ekki skal hver hefur eða eru því þeir frá",
    "fo": "og at í á er sum til um við men frá av fyri var ikki tað hann hevur ella eru teir ein eitt skal hvør rætt",
    "nl": "de het een en van in is dat op te voor met zijn die niet aan er om ook als maar of bij door wordt naar uit u",
    "fr": "de la le et les des en un une du que est pour qui dans par sur pas au il ne se plus avec ce sont ou",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus",
}
"""Function words by ISO 639-1 code. The first sixteen Swedish ones are FineWeb2's stop words for swe_Latn."""

FILLER_LATIN = (
    "lorem ipsum dolor amet consectetur consectetuer adipiscing adipisicing elit eiusmod tempor incididunt labore dolore "
    "magna aliqua enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat duis aute "
    "irure reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat proident "
    "sunt culpa officia deserunt mollit anim laborum perspiciatis unde omnis iste natus error voluptatem accusantium "
    "doloremque laudantium totam aperiam eaque ipsa quae illo inventore veritatis quasi architecto beatae vitae dicta "
    "explicabo nemo ipsam quia voluptas aspernatur odit fugit consequuntur magni dolores ratione sequi nesciunt neque "
    "porro quisquam dolorem adipisci numquam eius modi tempora incidunt magnam aliquam quaerat minima nostrum "
    "exercitationem ullam corporis suscipit laboriosam aliquid commodi consequatur autem voluptates repellat ducimus "
    "blanditiis praesentium voluptatum deleniti atque corrupti quos quas molestias excepturi cupiditate provident "
    "similique mollitia animi harum quidem rerum facilis expedita distinctio libero tempore soluta nobis eligendi optio "
    "cumque nihil impedit minus quod maxime placeat facere possimus assumenda repellendus temporibus quibusdam officiis "
    "debitis necessitatibus saepe eveniet voluptatibus repudiandae recusandae itaque earum hic tenetur sapiente delectus "
    "reiciendis maiores alias perferendis doloribus asperiores"
)

CONSENT = (
    "cookie cookies kakor kakinställningar cookieinställningar informasjonskapsler evästeet acceptera godkänn godta "
    "accepter aksepter godkend tillad tillåt tillat accept allow akzeptieren hyväksy accepteer accepteren avböj avvisa neka "
    "avvis afvis decline reject ablehnen weiger weigeren samtycke samtykke consent toestemming einwilligung medgivande "
    "integritetspolicy dataskyddspolicy personvern privatlivspolitik privacypolicy privacybeleid datenschutzerklärung "
    "datenschutz tietosuoja databeskyttelseserklæring"
)

SCRIPT = "javascript"

LANGUAGES = tuple(STOP_WORDS)
FILLER_BIT = 1 << len(LANGUAGES)
CONSENT_BIT = FILLER_BIT << 1
SCRIPT_BIT = FILLER_BIT << 2
STOP_BITS = FILLER_BIT - 1
_SLOTS = 4096

HASH_PRIME = 1099511628211
HASH_SEED = 1469598103934665603
HASH_MASK = (1 << 61) - 1
"""FNV-1a's constants, over code points and cut to 61 bits, so that compiled and plain Python agree to the bit."""


@njit(cache=True, nogil=True)
def slot_of(key: int, mask: int) -> int:
    """First slot of a key in an open-addressing table of mask + 1 slots."""
    return (key ^ (key >> 23) ^ (key >> 41)) & mask


def word_hash(word: str) -> int:
    """The hash that the scan gives a lower-cased word.

    >>> word_hash("Lag") == word_hash("lag") != word_hash("lagen")
    True
    """
    table = character_table()
    value = HASH_SEED & HASH_MASK
    for character in word:
        code = ord(character)
        value = ((value ^ (int(table[code]) >> 16)) * HASH_PRIME) & HASH_MASK
    return value


@lru_cache(maxsize=1)
def vocabulary_table() -> NDArray[np.int64]:
    """Open-addressing table int64[slots, 2] of (word hash, bits); an empty slot holds bits 0."""
    bits: dict[str, int] = {}
    lists = [*STOP_WORDS.values(), FILLER_LATIN, CONSENT, SCRIPT]
    for number, words in enumerate(lists):
        for word in words.split():
            bits[word] = bits.get(word, 0) | (1 << number)
    table = np.zeros((_SLOTS, 2), np.int64)
    for word in sorted(bits):
        key = word_hash(word)
        slot = slot_of(key, _SLOTS - 1)
        while table[slot, 1]:
            slot = (slot + 1) & (_SLOTS - 1)
        table[slot] = key, bits[word]
    return table


@njit(cache=True, nogil=True)
def look_up(table: NDArray[np.int64], key: int) -> int:
    """Slot of the word in the vocabulary table, or -1.

    >>> table = vocabulary_table()
    >>> bool(table[look_up(table, word_hash("och")), 1] & 1), look_up(table, word_hash("skogsbruk"))
    (True, -1)
    """
    mask = len(table) - 1
    slot = slot_of(key, mask)
    while table[slot, 1]:
        if table[slot, 0] == key:
            return slot
        slot = (slot + 1) & mask
    return -1
