"""Every word of the report that is not data, in Swedish and English."""

from pipeline.quality.numbers import Language

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Kvalitetsrapport", "Quality report"),
    "PASS": ("Godkänd", "Passed"),
    "WARN": ("Varning", "Warning"),
    "FAIL": ("Stoppad", "Blocked"),
    "ERROR": ("Trasig kontroll", "Broken check"),
    "NOT_RUN": ("Ej körd", "Not run"),
    "waived": ("undantag", "waived"),
    "verdict": ("Utslag", "Verdict"),
    "candidate": ("Kandidat", "Candidate"),
    "release": ("Utgåva", "Release"),
    "compared": ("Jämförd med", "Compared with"),
    "first_release": ("ingen, detta är den första", "none, this is the first"),
    "built_from": ("Gjord av", "Built from"),
    "files": ("filer", "files"),
    "files_of": ("filer i", "files in"),
    "sources_n": ("källor", "sources"),
    "accounting": ("Varje post har ett öde", "Every item has one fate"),
    "in": ("in", "in"),
    "kept": ("behållna", "kept"),
    "dropped": ("borttagna", "dropped"),
    "flagged": ("flaggade", "flagged"),
    "quarantined": ("i karantän", "quarantined"),
    "rest": ("rest", "rest"),
    "since_last": ("sedan förra utgåvan", "since the last release"),
    "change": ("Ändring", "Change"),
    "top_reasons": ("Vanligaste skälen", "Most common reasons"),
    "no_reasons": ("Inget togs bort.", "Nothing was removed."),
    "who": ("Vad händer nu", "What happens now"),
    "checks_h": ("Kontroller", "Checks"),
    "waivers_h": ("Undantag som räknades", "Waivers that counted"),
    "until": ("till", "until"),
    "checks": ("Kontroller", "Checks"),
    "checks_lead": (
        "Det sämsta utslaget gäller. En kontroll som gick sönder eller inte kördes stoppar utgåvan, precis som en som föll.",
        "The worst verdict counts. A check that broke or did not run stops the release, just like one that failed.",
    ),
    "passed_checks": ("Godkända kontroller", "Checks that passed"),
    "suites": ("Godkända förväntningar ur sviterna", "Expectations of the suites that passed"),
    "check": ("Kontroll", "Check"),
    "value": ("Värde", "Value"),
    "limit": ("Gräns", "Limit"),
    "last": ("Förra", "Last"),
    "n": ("Antal", "Count"),
    "funnel": ("Från intag till utgåva", "From intake to release"),
    "funnel_lead": (
        "Varje post som inte behölls står vid det steg där den lämnade flödet. Det som kom in i ett steg är lika med det som gick vidare plus det som lämnade.",
        "Every item that was not kept stands at the step where it left. What came into a step equals what went on plus what left.",
    ),
    "stage": ("Steg", "Stage"),
    "arrived": ("Kom in", "Came in"),
    "passed": ("Gick vidare", "Went on"),
    "by_source": ("Källa för källa", "Source by source"),
    "sources": ("Källor", "Sources"),
    "sources_lead": (
        "Andel av de publicerade orden.",
        "Share of the published words.",
    ),
    "source": ("Källa", "Source"),
    "licence": ("Licens", "Licence"),
    "documents": ("Dokument", "Documents"),
    "words": ("Ord", "Words"),
    "share": ("Andel", "Share"),
    "items": ("Poster", "Items"),
    "new": ("ny", "new"),
    "gone": ("borta", "gone"),
    "not_stated": ("ej angiven", "not stated"),
    "lengths": ("Dokumentens längd", "Length of the documents"),
    "lengths_lead": (
        "Andel av dokumenten som har färre ord.",
        "Share of the documents that have fewer words.",
    ),
    "words_axis": ("ord i dokumentet", "words in the document"),
    "to": ("till", "to"),
    "median": ("median", "median"),
    "now": ("Nu", "Now"),
    "before": ("Förra utgåvan", "Last release"),
    "languages": ("Språk", "Languages"),
    "languages_lead": (
        "Andel av de publicerade tecknen, efter dokumentets språk.",
        "Share of the published characters, by the document's language.",
    ),
    "language": ("Språk", "Language"),
    "letters": ("å, ä och ö bland bokstäverna", "å, ä and ö among the letters"),
    "letter": ("Bokstav", "Letter"),
    "rules": ("Skäl och källor", "Reasons and sources"),
    "rules_lead": (
        "Andel av källans poster som fick skälet. En post kan ha flera skäl.",
        "Share of the source's items that got the reason. An item can have several reasons.",
    ),
    "reason": ("Skäl", "Reason"),
    "all": ("Alla", "All"),
    "duplicates": ("Kluster av lika dokument", "Clusters of alike documents"),
    "duplicates_lead": (
        "Hur många kluster som har så många dokument, före rensning.",
        "How many clusters have so many documents, before removal.",
    ),
    "repeated": ("Återkommande rader", "Repeated lines"),
    "repeated_lead": (
        "Rader och stycken som många dokument i samma källa delar: menyer, sidhuvuden, fasta rubriker. Inget dokument tas bort för deras skull. Under [templates] i kvarn.toml står om de klipps ur texten.",
        "Lines and paragraphs that many documents of one source share: menus, page headers, standing headings. No document is dropped for them. [templates] in kvarn.toml says whether they are cut from the text.",
    ),
    "repeated_found": ("Rader och stycken", "Lines and paragraphs"),
    "repeated_sampled": ("Granskade dokument", "Documents examined"),
    "repeated_share": ("Andel av texten", "Share of the text"),
    "repeated_places": ("Klippta ställen", "Places cut"),
    "repeated_characters": ("Klippta tecken", "Characters cut"),
    "repeated_documents": ("I dokument", "In documents"),
    "policy": ("Åtgärd", "Policy"),
    "only_reported": ("redovisas bara", "reported only"),
    "cut_from": ("klipps från", "cut from"),
    "is_cut": ("klipps", "cut"),
    "repeated_top": ("Vanligast i", "Most common in"),
    "of": ("av", "of"),
    "line": ("Rad eller stycke", "Line or paragraph"),
    "terms_lead": (
        "Ordlistans termer i de behållna dokumenten, böjda och i sammansättningar.",
        "The glossary's terms in the kept documents, inflected and within compounds.",
    ),
    "terms_covered": (
        "{covered} av {all} termer förekommer i minst {least} behållna dokument.",
        "{covered} of {all} terms stand in at least {least} kept documents.",
    ),
    "terms_none_wrong": (
        "Ingen variant som ska undvikas förekommer.",
        "No variant to avoid occurs.",
    ),
    "terms_one_wrong": (
        "En variant som ska undvikas förekommer på ett ställe.",
        "A variant to avoid occurs in one place.",
    ),
    "terms_some_wrong": (
        "Varianter som ska undvikas förekommer på {wrong} ställen.",
        "Variants to avoid occur in {wrong} places.",
    ),
    "under_covered": ("Samla mer text om detta", "Collect more text about these"),
    "under_covered_lead": (
        "Termer i färre än {least} behållna dokument. Modellen får för lite att lära sig av.",
        "Terms in fewer than {least} kept documents. The model gets too little to learn from.",
    ),
    "wrong_terms": ("Varianter som ska undvikas", "Variants to avoid"),
    "wrong_terms_lead": (
        "I behållna och flaggade dokument. Under [terms] i kvarn.toml står om de flaggas.",
        "In kept and flagged documents. [terms] in kvarn.toml says whether they are flagged.",
    ),
    "term": ("Term", "Term"),
    "variant": ("I texten", "Found"),
    "write": ("Skriv", "Write"),
    "places": ("Ställen", "Places"),
    "published_n": ("Varav behållna", "Of which kept"),
    "examples": ("Till exempel", "For example"),
    "all_terms": ("Alla termer", "All terms"),
    "of_which": ("varav", "of which"),
    "terms_more": (
        "Tabellerna visar de första; alla termer finns i report.json.",
        "The tables show the first ones; all terms are in report.json.",
    ),
    "cluster_size": ("dokument i klustret", "documents in the cluster"),
    "clusters_n": ("Kluster", "Clusters"),
    "no_clusters": ("Inga lika dokument hittades.", "No alike documents were found."),
    "splits": ("Delar", "Splits"),
    "splits_lead": (
        "Lika dokument och dokument i samma grupp ligger alltid i samma del.",
        "Alike documents and documents of one group are always in the same split.",
    ),
    "split": ("Del", "Split"),
    "train": ("träning", "train"),
    "validation": ("validering", "validation"),
    "test": ("test", "test"),
    "samples": ("Stickprov", "Samples"),
    "samples_lead": (
        "Valda av en hashfunktion, inte av någon person. Personuppgifter är maskade. Osynliga tecken visas.",
        "Chosen by a hash function, not by a person. Personal data is masked. Invisible characters are shown.",
    ),
    "kept_samples": ("Behållna dokument", "Kept documents"),
    "withheld_samples": ("Undanhållna, skäl för skäl", "Withheld, reason by reason"),
    "near": ("Närmast en gräns", "Nearest to a limit"),
    "near_lead": (
        "Behållna dokument som var nära att falla. Avståndet är i standardavvikelser.",
        "Kept documents that nearly fell. The distance is in standard deviations.",
    ),
    "record": ("Post", "Record"),
    "distance": ("Avstånd", "Distance"),
    "quarantine": ("Karantän", "Quarantine"),
    "quarantine_lead": (
        "Filer och poster som inte gick att använda. Resten av intaget påverkas inte.",
        "Files and records that could not be used. The rest of the intake is not affected.",
    ),
    "quarantine_none": ("Inget ligger i karantän.", "Nothing is in quarantine."),
    "and_more": ("och fler", "and more"),
    "lineage": ("Ursprung", "Lineage"),
    "lineage_lead": (
        "Samma indata, inställningar, kod och bibliotek ger samma bytes.",
        "The same input, settings, code and libraries give the same bytes.",
    ),
    "digest": ("Manifestets sha256", "sha256 of the manifest"),
    "parent": ("Föregående utgåva", "Release before"),
    "input": ("Indata", "Input"),
    "config": ("Inställningar", "Settings"),
    "code": ("Kod", "Code"),
    "decisions": ("Beslut av människor", "Decisions of people"),
    "seeds": ("Frön", "Seeds"),
    "lock": ("Bibliotek", "Libraries"),
    "data_table": ("Visa siffrorna", "Show the numbers"),
    "skip": ("Till innehållet", "Skip to content"),
    "others": ("övriga", "others"),
    "cut": (
        "Rapporten visar de största; alla finns i report.json och ledger.parquet.",
        "The report shows the largest; all are in report.json and ledger.parquet.",
    ),
    "fewer_samples": (
        "Alla stickprov fick inte plats här; resten finns i report.json.",
        "Not all samples found room here; the rest is in report.json.",
    ),
    "read": ("Läsning", "Read"),
    "repair": ("Lagning", "Repair"),
    "noise": ("Brus", "Noise"),
    "pii": ("Personuppgifter", "Personal data"),
    "relevance": ("Relevans", "Relevance"),
    "terms": ("Termer", "Terms"),
    "decide": ("Beslut av människor", "Decisions of people"),
    "duplicate": ("Dubbletter", "Duplicates"),
    "other": ("Övrigt", "Other"),
    "stage_language": ("Språk", "Language"),
    "stage_split": ("Delning", "Split"),
    "no baseline": ("ingen tidigare utgåva", "no baseline"),
    "see the sources": ("se källorna", "see the sources"),
    "no values": ("inga värden", "no values"),
    "gone on purpose? set `retired` for it in kvarn.toml": (
        "borta med avsikt? sätt `retired` för den i kvarn.toml",
        "gone on purpose? set `retired` for it in kvarn.toml",
    ),
    "info only": ("endast upplysning", "info only"),
}

TONGUES: dict[str, tuple[str, str]] = {
    "sv": ("svenska", "Swedish"),
    "en": ("engelska", "English"),
    "da": ("danska", "Danish"),
    "nb": ("bokmål", "Norwegian Bokmål"),
    "nn": ("nynorska", "Norwegian Nynorsk"),
    "fi": ("finska", "Finnish"),
    "de": ("tyska", "German"),
    "fr": ("franska", "French"),
    "es": ("spanska", "Spanish"),
    "is": ("isländska", "Icelandic"),
    "unknown": ("okänt", "unknown"),
}
"""Names of languages; a code that is not here stands for itself."""


class Text:
    """Looks words up in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._at = 0 if language == "sv" else 1

    def __call__(self, key: str) -> str:
        return WORDS[key][self._at]

    def note(self, note: str) -> str:
        """A note of a check: the known ones translated, any other as it is."""
        return WORDS[note][self._at] if note in WORDS else note

    def tongue(self, code: str) -> str:
        """Name of a language.

        >>> Text("sv").tongue("da"), Text("en").tongue("tlh")
        ('danska', 'tlh')
        """
        return TONGUES[code][self._at] if code in TONGUES else code

    def stage(self, name: str) -> str:
        """Name of a stage of the funnel."""
        return self(f"stage_{name}" if f"stage_{name}" in WORDS else name)
