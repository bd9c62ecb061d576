"""Swedish words that finding terms asks about, listed from memory for this project. One blank parts them."""

_OTHER_WORDS = """
beslutar bokad bokade bokat boner fallar faller lager lagers larmar linar lånar maler malet renar renat rener
räntar stamet svarade svarar svarat talade talar talas talat taler valar varet väger vårdar
"""
OTHER_WORDS = frozenset(_OTHER_WORDS.split())
"""Made forms that are mostly another word: "lager" is no plural of "lag". Where such a form is meant, the glossary lists it."""

_KNOWN = """
adel affär aktie aktör allmänning andel anläggning anmälan annons ansats ansvar ansvarig ansökan arbetare arbete areal
arkiv art arv ask asp avdelning avdrag avfall avgift avgörande avkastning avlopp avsnitt avstånd avsättning avtal
avverkning balk bana band bank bark barkborre barn barr bas bedömning befolkning behandling behov belopp ben beredning
berg berättelse beskattning beskrivning beslut besparing bestämmelse bestämning bestånd besök betalning bete betesmark
betyg bevis bidrag bil bilaga bild bilväg biologi biotop björk blad blanco blankett block blomma bok bolag bord borg
borr borre borrning boskap bostad botten bransch bredd brev brist bristning bro brott bruk brukare brunn brytning
bränning brännskada bränsle bud budget bulle buske byggnad byrå byte bäck bädd bär bärare båt böna börd central cykel
dag damm data del delning detalj diameter dike dikning diskussion djup djur dom domstol dotter drift drivning dräkt
dröjsmål duk däck effekt egen ekologi ekonom ekonomi el eld eldning energi enhet enskild ersättning exemplar fabrik fall
familj fanér fara fart fartyg fastighet fat fel fiber film fisk fiske fjäll flis flod flora flygning flykt flöde fogde
folk fond fordran form forskare forskning foster fot foto fottur fred fri frihet fru frukost frukt fråga frö fröplanta
fukt fällare fällning fält fältskikt färg fågel får förbund förening företag förfarande föring förlust förmedling
förordning försäkring försäljning försök försörjning förvaltare förvaltning föryngring föräldra föräldrar gallring
gammal gas gata gemenskap generation gips givare givning glänta golv gran gren grind gris grop grot grund grupp gräns
gräs grävning grön gäld gäst gård gödsling hackspett hag hage hagel halt haltighet hamn handel handlare handling
hantering hav havare hed hektar hem herre historia hjort hjul hjälp hugg huggare huggning hund hus hushåll hygge hylla
häst hål håll hållning hår hög högskola höjd höst index industri information inkomst innehav innehåll insats insekt
inspektion inspektor institut intresse intäkt inventering jakt jord jordbruk journal kalk kalkyl kalv kalvning kamera
kant kapital karl karta kassa katalog kedja kemi klass klimat klo klubb klyka klyvning knippe knopp kod kol kollektiv
kommun konst kontor kontrakt kontroll kopp korg kors kostnad kotte kraft krav kredit kreditiv kris krok krona kross kull
kultur kund kunskap kust kvalitet kvarn kvinna kvist kyl kyrka kyrkogård källa kännedom kärna kök köp köpare körning
kött laboratorium lada lage lager lagstiftning land landskap larv last lastning lav leasing led ledare ledning leverans
ligg ligga liknande lina linje list lista liv ljud ljus lokal lott lucka luft lund lunga lut lyft läge läkare län längd
lärare lärk löfte lön löpare löv lövskog lövsly lövträd magasin makt mark marknad markägare maskin massa mast material
matta mening mervärde metall metod miljö min minister minne minskning minut misstanke mjölk mo moar modell moms morän
mossa mosse motor mottagare mulm mur murkla museum mylla myndighet myr mäklare mäkleri mängd människa märke märkning
mästare mätare mätning mål målning mån möte namn narkotika nation natur naturvård nit nivå noll norm nota notering
nummer nyttjande näbb nämnd nämndeman näring näringsliv nästa nät nätverk nål odlare odling offer oljeskada ombud områd
område omsättning ordförande ordning organ organisation ort ost oxe panel panna pant papper park part parti patrull
pengar pension period person pinne plan planering planläggning planta plantage plantering plats platta plikt pliktig
plockare plockning plog plundring plåt plöjning politik post pott press princip pris problem process produkt produktion
program projekt protokoll prov provning prövning publik pump punkt påse rad radie ram rapport rar ras reda regel
register reglering regn relation rensning resa reserv rest restaurering ris risk rita ro roll rot rum runda ruta rygg
rygga rymd rädsla räknare räkning ränta räntesats rätt rättighet råd rådgivare rådgivning rån råvara röjare röjning
röjsåg rör rörelse röst röta sak samfund samhälle samling sammanträde samverkan sand sats schakt schema se sekreterare
sektor sele sid sida signal sikt silo sjukdom sjukhus sjö skada skala skatt skattning skifte skikt skiva skjul skog
skogsbruk skola skord skorpa skott skrift skrivning skugga skuld skydd skyldighet skylt skäl skål skånk sköld skörd
skördare sköterska skötsel slag slant slutning sly släkt släp slätt slöjd smed snigel snitt snår snö social socken
sommar sopp soppa sork sort spannmål spar spara sparande spel spets spik sprut spruta språk spår stad stadga stam stamma
start station statistik stavning sten stiftning stig stock stol stolpe stor storm strand strategi strid struktur ström
stubbe studie stuga stund stycke styckning styrelse styrka ställare ställe ställning stämma stämning stånd stöd stöld
svamp svar sysselsättning system säljare sällskap säsong säte sätt sättning sådd såg sågning sågverk såningsår sökande
tabell tagande tagare tagning tak tal tall tariff tavla tecken teckning teknik termin terräng ticka tid tidning tillgång
tillstånd tillväxt timme timmer tingsrätt titel tjur tjuv tjäder tjänst tjänsteman topp toppning torg tork torka torv
trafik trakt traktor transport trassel trave travning trupp trycke trä träd trädgård trädslag tråd trötthet tull tur
turism tvist tvång typ tätort ugn underhåll underlag undersökning ungskog uppdrag uppgift utbildning utdelning utdrag
utgift utredning utrustning utskott utsäde utsökning uttag utveckling val vall valv vandring vapen vara vard vatten
vattendrag vecklare ved vegetation verk verksamhet verkstad vidd vikt vilja villkor vilt vin vinst vinter virke
virkesförråd vis vistelse vivel volym vuxen väder väg vägg väggar vält vältning vältplats värd värde värdering värme
värmeverk växt växthus växtlighet vår vård vårdare yrke yta ytskikt zon ägande ägare ägg ägo älg ändamål ändring ärende
äsling åkare åker ålder åldring ålägg år åtgärd ö ökning önskan övergång överlåtelse översikt överskott övervakning
"""
KNOWN = frozenset(_KNOWN.split())
"""Words that often are parts of compounds in forestry, law, banking and administration, listed from memory for this project."""

_FIRST = """
allmän arbets balans bland blandskog blå bo bonde bot brant bred bränn busk bygg bördig contorta douglas drag dricks
dvärg död export extra fin fjärr frisk furu fäll gammel glas gles grov grå gräv halv hel huvud hypoteks hyr hägg häng
import jul kal klen klibb knäck konsument kort krokig kvarts kör körs låg lång läs mager masur mellan nord norr när pil
provins pål rak riks rå röd rönn sam silver sitka själv skriv slut slutna smal små spärr statlig stats styr svart syd
sågtimmer säker sälj sär söder torr tvär tät ung ur utbild villa vind vit vårt våt väst väx växel ädel öst
"""
FIRST = frozenset(_FIRST.split())
"""First parts that no word of KNOWN makes, with the letter that joins them."""

_SHORT_FIRST = """
bo by el is ny år
"""
SHORT_FIRST = frozenset(_SHORT_FIRST.split())
"""First parts shorter than SHORTEST that are words."""

_PARTICLES = """
an av be bi bort efter en ent er fram från för före ge genom hop hän igen in kring lös med mellan miss mot ned ner o om
på sam till undan under upp ur ut van veder vid vider åter över
"""
PARTICLES = frozenset(_PARTICLES.split())
"""First parts that make another verb, and from it another noun, of what follows. In front of a term that has one itself they are
parts of a compound: Swedish verbs take one."""

_FUNCTION = """
att av den det efter en ett från för hos i ifrån inom med mellan mot och om per på samt som till under ur ut utan via vid
"""
FUNCTION = frozenset(_FUNCTION.split())
"""Words of a term of several words that do not inflect."""

_LATIN = """
de dis im inter kom kon per pro prä re sub trans
"""
LATIN = frozenset(_LATIN.split())
"""The same of borrowed words ("plantering", "transplantering")."""

_OPAQUE = """
allmän alltid almanacka askese bankett bankir bankrutt barndom barnmorska barnslig bokstav bokstavlig bolag boskap
brottas brottning diskonto domare domna domän egendom ekonomi ekorre fabrikant fattigdom festival filigran fiskal
formulera formulär förslag granat granit granne granska granskare granskning granulat handla handling hedendom helgedom
hemsk hängare kantat karneval konstapel konstatera konstnär konstruera kontor kontorist kristall kristendom kursiv
kännedom lagun lagård landning landskap landstiga lastbar lindra lindrig läkedom lärdom lönn lönnlig markant markatta
markera marketenteri markis marknad marknadsföring markör metall musikant målare målning målsman måltid partner pastell
patrull planet planetarium planka portfölj porträtt praktikant rikedom rotation rotel rotera rottning räntabel rådig
saklig sakta skatta skattning skogsstjärna skolastik skyldig spådom stamma stammis stamning stampa standard stationär
statist statyett stödja tallrik tavla tidig tidning trädgård ungdom uppskattning valborg vallmo vinst visdom vägra
vägran vårdnad vårdnadshavare vårdslös vårdslöshet ålderdom
"""
OPAQUE = frozenset(_OPAQUE.split())
"""Words that look like a term beside a known part and are something else, alone and in longer words, with their inflections."""
