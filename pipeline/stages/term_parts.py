"""Whether what stands beside a term within a longer word can be a part of a compound.

A short term is found in a compound only beside a known part ("gran" in "granskog", not in "granska"): half of all Swedish words begin
or end like some short noun. Beside a long term (`LONG` letters) whatever can be a Swedish word part will do, except endings that
make another word of it ("kommun", "kommunism") and particles of verbs ("handling", "behandling").
"""

import re
from functools import cache, lru_cache

from pipeline.stages.term_forms import VOWELS, combining, inflections

LONG = 6
"""Letters from which a term is long. On the labelled cases 5 finds "natur" in "naturlig" and "kapit" in "kapitel"; 7 loses compounds
of "kommun" and "timmer" with rarer words, and 6 has neither fault."""

SHORTEST = 3
"""Letters of a term that is looked for in compounds at all, and of the part beside it."""

_UNKNOWN = 5
"""Letters of a first part that is not known: with fewer it is hardly ever a word ("förd" in "fördröjning")."""

KNOWN = frozenset(
    """
    adel affär aktie allmänning andel anläggning anmälan annons ansökan ansvar ansvarig arbetare arbete areal arkiv art arv
    ask asp avdelning avdrag avfall avgift avkastning avlopp avsnitt avstånd avtal avverkning bana band bank bark barn barr bas
    bedömning befolkning behandling behov belopp ben berg beredning berättelse beskrivning beslut besparing bestånd bestämmelse
    besök betalning bete betesmark betyg bidrag bil bild bilaga bilväg biotop björk blad block blomma bolag bord borg borr borre
    borrning bostad botten boskap bransch bredd brev bristning bro bruk brukare bränning bränsle brännskada brott brunn bud budget
    buske byggnad byrå båt bäck bädd bär bärare börd central cykel dag damm data del delning diameter dike dikning diskussion djup
    djur dom domstol dotter drift drivning dräkt duk däck effekt ekonom ekonomi el eld eldning energi enhet enskild ersättning
    exemplar fabrik fall familj fanér fara fart fartyg fastighet fat fel fiber film fisk fiske fjäll flis flora flygning flöde
    fogde fond forskare forskning form foto fottur fri frihet fråga fröplanta frukt frö fågel får fält fältskikt färg fond förbund
    förening förlust förmedling förordning försäkring försäljning förvaltare förvaltning föräldrar föryngring gallring gammal gas
    gata gemenskap generation gips givare glänta golv gran gren grind grop grot grund grupp gräns gräs grön gård gäld gödsling
    hag hage hagel haltighet halt hamn handel handling hantering hav hed hektar hem herre historia hjort hjul hjälp hugg huggare
    huggning hund hus hushåll hygge hylla håll hållning hål hår häst höjd hög högskola höst index industri information innehåll
    institut intresse inventering inspektion inspektor jakt jord jordbruk journal kalk kalkyl kamera kant kapital karl karta kassa
    katalog kedja kemi klass klimat klo klubb klyka klyvning knopp kod kol kommun konst kontor kontroll kontrakt kopp korg kors
    kostnad kotte kraft krav kredit kris kris krona kross krok krok kull kultur kund kunskap kust kvalitet kvarn kvist kyl kyrka
    kyrkogård källa kännedom kärna kök köp köpare körning kött laboratorium lada lager land landskap larv last lav lage led ledare
    ledning leverans liknande lina linje list liv ljud ljus lokal lott lucka lund lunga luft lut läge län längd lärare läkare lärk
    lövskog löv lön löpare magasin makt maskin massa mast material mark markägare marknad matta mening metall metod miljö min minne
    minister minskning mjölk modell moms morän mosse mossa motor mottagare mulm murkla museum mur myndighet myr mäklare människa
    mängd märke märkning mästare mätare mätning mål målning möte namn nation natur naturvård nit nivå norm nota nummer nyttjande
    nål nämnd nät nästa näring näringsliv nätverk områd område ombud omsättning ordning organ organisation ort ost ordförande oxe
    panel pant panna papper park part parti patrull pension pengar period person pinne plan planering planta plantage plantering
    plats platta plog plundring plåt plöjning politik post pott press princip pris problem process produkt produktion program
    projekt protokoll prov provning prövning publik pump punkt påse rad radie ram rapport rar ras reda regel register reglering
    regn relation rensning resa reserv restaurering rest ring ris risk rita ro roll rot ruta runda rygg rymd rygga råd rådgivare
    rådgivning råvara räkning rädsla ränta räntesats rätt rättighet röjning röjare röjsåg rör rörelse röst sak samfund samhälle
    samling samverkan sammanträde sand sats schakt se sektor sekreterare sele sid sida signal sikt silo sjukdom sjukhus sjö skada
    skatt skattning skifte skikt skiva skjul skog skogsbruk skola skorpa skott skord skrift skrivning skugga skydd skyldighet skylt
    skål skäl skörd skördare slag slant slutning släkt släp slätt slöjd smed snitt snår snö socken sommar sopp sork sort spannmål
    spar spara sparande spel spets spik spår sprut spruta språk stad stadga stam stamma start statistik station sten stig stock
    stol storm stor strand strategi strategi strid struktur ström stubbe stuga studie styrelse styrka styckning stånd ställe
    ställning stämma stöd stöld stolpe svamp svar sysselsättning system sågning såg sågverk säljare sällskap säsong säte sätt sökande
    tabell tal tall tavla tariff tecken teknik termin terräng tid tidning tillgång tillstånd tillväxt timme timmer titel tjuv
    tjäder tjänst tjänsteman torg torka torv trakt traktor transport trassel trupp trycke trä träd trädgård trädslag trafik tråd
    trötthet tull tur turism tvist typ ugn undersökning underlag underhåll uppdrag uppgift utbildning utredning utrustning uttag
    utveckling val vall valv vapen vara vard vatten vattendrag ved vegetation verk verksamhet verkstad vikt vilja vilt villkor vin
    vinst vinter virke vis vistelse volym vuxen vård vårdare vår väder väg väggar vägg växt växthus växtlighet värd värde värdering
    värme värmeverk yta ytskikt yrke zon åker ålder åldring ålägg år åtgärd ägande ägare ägo älg ändamål ändring ärende äsling ö
    ökning önskan överlåtelse övervakning planläggning plockning barkborre tätort utsäde försök lyft vältning stavning sköld skötsel
    stycke bestämning biologi ekologi grävning hackspett insekt kalvning knippe lagstiftning lastning ligg ligga lövträd mylla
    notering näbb odling odlare plockare schema skånk snigel sådd såningsår toppning topp tork travning vandring vecklare vidd
    virkesförråd vivel vält vältplats ägg överskott övergång fällning fällare ungskog gris bulle ost soppa böna frukost handlare
    åkare rån bidrag intäkt utgift brist räknare bas givning tagare tagning tagande tak mäkleri bevis lista brytning beskattning
    inkomst fordran skuld tvång blankett sköterska minut stund byte löfte bok föring register rum stiftning sökande förfarande ställare tagare avgörande kreditiv mån pliktig plikt ö
    """.split()
)
"""Words that often are parts of compounds in forestry, law, banking and administration, listed from memory for this project."""

PARTICLES = frozenset(
    "an av be bi bort efter en ent er fram från för före ge genom hop hän igen in kring lös med mellan miss mot ned "
    "ner o om på sam till undan under upp ur ut van veder vid vider åter över".split()
)
"""First parts that make another verb, and from it another noun, of what follows. In front of a term that has one itself they are
parts of a compound: Swedish verbs take one."""

LATIN = frozenset("trans im re de dis kon pro inter sub kom per prä".split())
"""The same of borrowed words ("plantering", "transplantering")."""

SHORT_FIRST = frozenset("ny is el år by bo".split())
"""First parts shorter than SHORTEST that are words."""

OPAQUE = frozenset(
    "tallrik kristall metall pastell måltid målsman granne granska granskning granskare granit granat trädgård lagun lagård boskap "
    "alltid allmän almanacka askese ekonomi ekorre bokstav bokstavlig landskap skogsstjärna rottning planka vinst vinst "
    "hemsk handla handling förslag landstiga skyldig marknad markis markera markör markant bankett bankrutt "
    "skatta räntabel tavla stamma stammis statist virka rådig rotation rotel landning hängare fiskal vallmo "
    "diskonto skolastik tidig tidning domän domare domna lönn lönnlig målare målning sakta saklig vägra vägran bolag ungdom barndom valborg".split()
)
"""Words that look like a term beside a known part and are something else. Whole words only, with their inflections."""

_MADE = re.compile(
    r"(?:s?(?:lig|ig)(?:t|a|e|are|ast|aste|en|het\w*)?|het(?:en|er|erna)?|skap(?:et|en|er|erna|ande\w*)?|sam(?:t|ma)?|bar(?:t|a)?"
    r"|dom(?:en|ar|arna)?|ande(?:n|t|na)?|ende(?:n|t|na)?|ar(?:e|en|na)|arskap\w*|n?ing(?:en|ar|arna)?|else(?:n|r|rna)?"
    r"|is(?:m|t|k)\w*|iser\w*|ifi\w+|ikat\w*|icer\w*|er(?:a|ar|ade|at|ad|as|ats|ande\w*|ing\w*)|ell(?:t|a)?|al(?:t|a|en|er|erna|iser\w*|ism\w*)?"
    r"|är(?:en|er|erna|a|t)?|at(?:et|en|er|or\w*)?|ation\w*|ativ\w*|itet\w*|ör(?:en|er|erna)?|ös(?:t|a)?|inna\w*|ell\w*|ik(?:en|er)?"
    r"|a(?:r|de|des|t|ts|d|s)?|ion(?:en|er|erna|är\w*)?|abel|abla|ant\w*|ent\w*|ur(?:en|er)?|ium|ide\w*|ana?|ens)s?"
)
"""What makes another word of the one before it, with inflections."""

_DERIVED = ("al", "ar", "är", "ärs", "at", "ell", "iv", "ist", "ent", "ant", "ism", "als", "ars", "ats", "ists", "isms")
"""Such an ending before a known part: "kommunalskatt" is made of "kommunal" and not of "kommun"."""

_VOWEL = re.compile(f"[{VOWELS}]")
_ONSET = re.compile(
    r"(?:[bcdfghjklmnpqrstvwxz]|b[lrj]|d[rjv]|f[jlnr]|g[lnrj]|[hln]j|hv|k[lnrv]|lj|mj|p[lrjs]|s[cfhjklmnptv]|sch|sk[jrv]|sp[jlr]|st[jr]"
    rf"|t[rjv]|v[r]|ch|ph|th|kr|chr)?[{VOWELS}]"
)


@lru_cache(maxsize=1 << 16)
def after(part: str, *, long: bool) -> bool:
    """Whether `part` can be what follows a term in a compound.

    >>> after("skogen", long=False), after("ska", long=False), after("anmälan", long=True), after("ism", long=True)
    (True, False, True, False)
    """
    if len(part) < SHORTEST or not part.isalpha():
        return False
    if is_known(part):
        return True
    return long and not is_ending(part) and _ONSET.match(part) is not None


@lru_cache(maxsize=1 << 16)
def is_ending(part: str) -> bool:
    """Whether `part` behind a word makes another word of it, alone or before a known part.

    >>> is_ending("ism"), is_ending("alskatt"), is_ending("anmälan")
    (True, True, False)
    """
    if _MADE.fullmatch(part) is not None:
        return True
    return any(part.startswith(end) and is_known(part[len(end) :]) for end in _DERIVED)


@lru_cache(maxsize=1 << 16)
def before(part: str, *, long: bool, particle: bool) -> bool:
    """Whether `part` can be what comes before a term; `particle` says whether the term begins with a particle itself.

    >>> before("slut", long=True, particle=True), before("be", long=True, particle=False), before("jul", long=False, particle=False)
    (True, False, False)
    """
    if not part.isalpha():
        return False
    if part in PARTICLES:
        return particle and len(part) > 1
    if part in LATIN:
        return False
    if part in SHORT_FIRST:
        return True
    if len(part) < SHORTEST or is_first(part):
        return len(part) >= SHORTEST
    if not long or len(part) < _UNKNOWN or _VOWEL.search(part) is None:
        return False
    return particle or not _ends_in_particle(part)


def _ends_in_particle(part: str) -> bool:
    """ "likabehandling" is made of "behandling" and not of "handling"."""
    return any(part.endswith(one) and is_first(part[: -len(one)]) for one in PARTICLES if len(one) > 1)


@cache
def _known_forms() -> frozenset[str]:
    # Of three letters only the words themselves: inflected, they look like endings ("konto", "kontoret").
    made = (form for word in KNOWN for form in inflections(word) if len(form) > SHORTEST)
    return frozenset(made) | {word for word in KNOWN if len(word) == SHORTEST}


@cache
def _known_firsts() -> frozenset[str]:
    return frozenset(form for word in KNOWN for form in combining(word) if len(form) >= SHORTEST) | FIRST


FIRST = frozenset(
    "barr löv blandskog bland sam stor små små grov fin kal slut del kron jul silver hög låg mellan norr söder öst väst nord syd "
    "huvud grund frö ädel ung gammel rå blå röd grön vit svart halv hel själv sär enskild fjärr när kvarts slutna bostads villa "
    "hypoteks bot vind lärk contorta bok ask bo topp statlig stats kyrk bonde riks läns klen sågtimmer massa rund stam kvist natur "
    "kultur skydds fäll snö bär ekonomi balans års bas extra provins rätts allmän tvär lång kort bred smal brant våt torr frisk "
    "mager bördig död tät gles rak krokig styr kör bygg läs skriv hyr arbets rör drag ställ gräv körs säker väx växel sälj glas vårt masur häng dvärg berg sitka klibb grå knäck pil hägg rönn silver douglas".split()
)
"""First parts that are no nouns of KNOWN, with the letter that joins them."""


@lru_cache(maxsize=1 << 16)
def is_known(part: str) -> bool:
    """A known word in any form, or a compound of known parts.

    >>> is_known("barkborren"), is_known("skning")
    (True, False)
    """
    if part in _known_forms():
        return True
    return any(part[at:] in _known_forms() and is_first(part[:at]) for at in range(SHORTEST, len(part) - 2))


@lru_cache(maxsize=1 << 16)
def is_first(part: str) -> bool:
    """A known word as it stands before another part, or several of them.

    >>> is_first("skogs"), is_first("barkborre"), is_first("förs")
    (True, True, False)
    """
    firsts = _known_firsts()
    if part in firsts or (len(part) > 2 and part + part[-1] in firsts):
        return True
    return any(part[:at] in firsts and part[at:] in firsts for at in range(SHORTEST, len(part) - 2))


@cache
def opaque_forms() -> frozenset[str]:
    """The words of OPAQUE in all their forms."""
    return frozenset(form for word in OPAQUE for form in inflections(word))
