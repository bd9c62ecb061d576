"""Words that authors of pages give to parts that are not their text, in `class` and `id`, in headings and on buttons.

Swedish, Norwegian, Danish, English and German: the languages of the pages that Kvarn reads most.
"""

import re
from functools import lru_cache
from itertools import pairwise

from pipeline.storage.readers.html_outline import words

FURNITURE_WORDS = words(
    """
    nav navbar navigation navheader navfooter navigering navbox navmenu navlinks navi menu menubar meny megamenu submenu mainmenu
    dropdown breadcrumb breadcrumbs bredcrumbs crumb crumbs brodsmula brodsmulor smulor pager pagination paginering paging
    prevnext skiplink skiplinks toolbar topbar footer sidfot printfooter sidebar sidebars sidospalt masthead banner
    colophon cookie cookies cookiebar consent gdpr kakor share sharing shares sharedaddy addthis addtoany
    socialmedia advert adverts advertisement advertising annons annonser sponsored sponsor comments commentlist respond disqus
    relatedposts recommended recommendations newsletter nyhetsbrev subscribe login inloggning
    popup modal catlinks taglist tagcloud editsection headerlink permalink permalinks linenos lineno linenumbers
    backtotop totop
    """
)
FURNITURE_PAIRS = words(
    """
    comment-list comment-form comment-respond tag-list tag-links tags-links tag-cloud post-tags entry-tags article-tags cat-links
    post-navigation search-form site-search search-box searchbox-form jump-link hash-link anchor-link edit-link read-next up-next
    back-to to-top site-header page-tools page-actions article-tools article-actions mailing-list sign-up log-in blob-num
    line-numbers language-switcher language-selector lang-switcher lang-select sprakval recent-posts recent-comments
    jump-to post-nav article-nav doc-nav rate-page page-rating feedback-form skip skip-link skip-links skip-to skip-nav skip-content
    dela social socials social-share social-sharing share-social social-media social-links social-icons social-bar social-buttons
    social-list social-nav social-menu social-wrapper related related-articles related-posts related-content related-links
    related-items related-topics related-news related-pages related-stories related-information article-related post-related
    relaterat relaterade relaterad-information relaterat-innehall
    """
)
"""Two words beside each other, or a word that is the whole name; either alone may name the text (`social-insurance`)."""

MARKS = words(
    "editsection headerlink permalink linenos lineno linenumbers hash-link anchor-link jump-link edit-link blob-num skip-link"
)
"""Among these: what stands in a line of text and is none of it."""

COMMENTS = frozenset(("comments", "commentlist", "comment-list", "respond", "disqus"))
"""Among these: what readers wrote, however long it is."""

NOT_PRINTED = frozenset(
    ("noprint", "no-print", "hidden-print", "print-none", "print-hidden", "print:hidden", "dontprint")
)
"""What the author wants nobody to print is no part of the text."""

NOT_SEEN = words(
    """
    sr-only visually-hidden visuallyhidden screen-reader screenreader screen-reader-text screen-reader-only assistive-text
    element-invisible offscreen off-screen visible-print print-only hidden-text
    """
)
"""Text for screen readers or paper alone: it tells where one is, not what is written there."""

CREDITS = re.compile(
    r"(?:.*[-_])?(?:author|byline|licen[sc]e)(?:[-_](?:box|bio|info|card|name|meta|wrapper|block))*|bio",
    re.IGNORECASE,
)
"""Names in `class` alone: an `id` such as "licence" may name a chapter."""

LAYOUT = frozenset(("has", "with", "no", "without", "not", "hide", "layout"))
"""Beside one of these a word tells how a part is laid out around another one: `has-sidebar`, `no-menu`."""

NOTES = words(
    """
    note notes admonition admonitionblock callout warning tip tips info important caution hint notice alert footnote footnotes endnotes
    fact facts factbox fakta faktaruta pullquote infobox example definition theorem
    """
)
"""An `aside` of one of these names belongs to the text."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PART = re.compile(r"[-_]+")

RELATED = re.compile(
    r"(?:related|relaterad|relaterat|relaterade|recommended|rekommenderad|läs (?:mer|också|även|vidare)|läs mera|mer (?:om|från|i ämnet)"
    r"|more (?:from|on|in|about|stories|articles|posts)|read (?:more|next|also)|you (?:may|might) also|du kanske|senaste|latest|recent"
    r"|most read|most popular|mest läst|populär|popular|trending|dela|share|les (?:også|mer)|læs (?:også|mere)|siste|seneste|mest lest"
    r"|ähnliche|weitere (?:artikel|beiträge)|mehr (?:zum thema|von|aus)|das könnte|kommentarer|comments|kommentare"
    r"|taggar|tags|ämnen|kategorier|categories|topics|följ oss|follow us|hitta snabbt|genvägar|innehåll på sidan|på denna sida"
    r"|on this page|in this article|i den här artikeln|navigation|navigering|meny|menu)\b",
    re.IGNORECASE,
)
"""How a heading over links to other texts begins."""

OTHERS = re.compile(
    r"\d+ (?:kommentarer?|comments?|kommentare?|responses?|replies|svar|antworten)\b"
    r"|(?:leave|post|write|add) a (?:reply|comment)|(?:lämna|skriv) (?:en|ett|din) (?:kommentar|svar)"
    r"|(?:schreibe?n?|hinterlassen?) (?:sie )?(?:einen?|eine) (?:kommentar|antwort)|(?:legg igjen|skriv) (?:en|et) (?:kommentar|svar)"
    r"|(?:one|\d+) thoughts? on|(?:ein|\d+) gedanken? zu|(?:en|\d+) (?:tankar?|tanke) (?:om|på)"
    r"|(?:recent|latest|senaste|siste|seneste) (?:comments|posts|kommentarer|inlägg(?:en)?|innlegg)"
    r"|(?:neueste|letzte|neue) (?:kommentare|beiträge)|(?:post|beitrags?-?|inläggs|innleggs)-? ?navig\w+",
    re.IGNORECASE,
)
"""How a heading over what readers wrote begins."""

BOXES = re.compile(
    r"(?:(?:sök|search|suche|søk|meta|blogroll|arkiv|archives?|archiv|kategorier?|kategorien|schlagwörter|log ?in|logga in|anmelden|sign in)$"
    r"|(?:newsletter|nyhetsbrev|subscribe|prenumerera|abonnieren|abonner)\b|(?:om|about) (?:cookies|kakor)\b)",
    re.IGNORECASE,
)
"""How the heading of a box beside the text begins. Each may be the name of a chapter, too."""

LABELS = words(
    """
    skrivut dela tipsa lyssna tilltoppen tillbakatilltoppen tillbaka upp läsmer läsmera visamer visafler stäng öppna nästa föregående
    meny sök loggain loggaut print share shareonfacebook shareontwitter facebook twitter linkedin x whatsapp email epost mejl skickaepost
    backtotop top totop back readmore showmore more close open next previous prev menu search login logout signin signup subscribe
    permalink permalänk reply svara edit redigera report anmäl kommentera citera quote gilla like copylink kopieralänk utskrift
    skrivut delpåfacebook del tiltoppen tiltop tilbage tilbake lesmer læsmere neste næste forrige lukk luk skrivud
    drucken teilen nachoben zurück weiter weiterlesen mehr schließen antworten startseite hem start home
    hoppatillinnehåll hoppatillinnehållet hoppatillhuvudinnehåll tillinnehåll gåtillinnehåll skiptocontent skiptomaincontent
    jumptonavigation jumptosearch zuminhaltspringen hopptilinnhold gåtilhovedinnhold
    """
)
"""What is written on buttons, letters alone."""

COOKIES = re.compile(r"\b(?:cookies?|kakor|informationskapsler|samtycke|consent|samtykke)\b", re.IGNORECASE)
COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright\b|all rights reserved\b|alla rättigheter|powered by\b|proudly powered|drivs (?:av|med)\b"
    r"|(?:all|this|the|our) (?:content|work|site|text)\w* (?:on this \w+ |of this \w+ )?(?:is|are) (?:available |licen[sc]ed )?under"
    r"|all content is licen[sc]ed|(?:except|unless) (?:where )?otherwise (?:noted|stated|specified),? .{0,40}(?:content|licen[sc]e|work)"
    r"|detta verk är licensierat"
    r"|(?:dieses werk|der text) ist .{0,30}(?:lizenziert|verfügbar))",
    re.IGNORECASE,
)
"""How the line at the foot of a page begins that tells whose it is and what it runs on."""


@lru_cache(maxsize=4096)
def kinds(names: str) -> frozenset[str]:
    """What the names in a `class` or `id` say of a part.

    >>> sorted(kinds("site-nav wide")), sorted(kinds("has-sidebar main")), sorted(kinds("post-author d-print-none"))
    (['furniture'], [], ['credits', 'unprinted'])
    """
    found = set()
    for name in names.split():
        parts = _PART.split(_CAMEL.sub("-", name).lower())
        pairs = {f"{one}-{two}" for one, two in pairwise(parts)} | {"-".join(parts)}
        known = set(parts) | pairs
        if not known.isdisjoint(NOT_PRINTED):
            found.add("unprinted")
        if not known.isdisjoint(NOT_SEEN):
            found.add("unseen")
        if not known.isdisjoint(NOTES):
            found.add("note")
        # Beside a word of layout still `back-to-top`, which names a thing of its own.
        alone = set(parts) if LAYOUT.isdisjoint(parts) else set()
        if not (FURNITURE_WORDS.isdisjoint(alone) and FURNITURE_PAIRS.isdisjoint(pairs)):
            found.add("furniture")
        if not known.isdisjoint(COMMENTS):
            found.add("comments")
        if not known.isdisjoint(MARKS):
            found.add("mark")
        if CREDITS.fullmatch(name):
            found.add("credits")
    return frozenset(found)


def letters(text: str) -> str:
    """Letters and digits in lower case: what a label says, whatever arrows are around it."""
    return "".join(filter(str.isalnum, text.lower()))
