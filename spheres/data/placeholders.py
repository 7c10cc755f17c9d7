"""What stands in a title's or an abstract's place where there is none: "[No abstract available]", NA, a withdrawal.

>>> [is_placeholder(text) for text in ("N/A", "Abstract not available.", "This paper has been withdrawn", "Nanowires")]
[True, True, True, False]
"""

import re

_EXACT = """
na n/a n.a n.a. nan none null nil undefined unknown untitled missing empty blank tba tbd todo ? #n/a #na <na> nat no
abstract title summary withdrawn retracted removed not_available
"""
EXACT = frozenset(_EXACT.split()) | {
    "no title",
    "not available",
    "not applicable",
    "not provided",
    "not found",
    "no data",
    "no summary",
    "paper withdrawn",
}
NO_ABSTRACT = re.compile(
    r"(?:there is |sorry,? )?(?:no (?:abstract|summary|description)"
    r"(?:$| (?:\w+ )?(?:available|provided|found|given|supplied|present|exists?|for|yet)\b)"
    r"|(?:the |an? )?(?:abstract|summary) (?:is |was )?"
    r"(?:not |un)(?:yet )?(?:available|provided|supplied|found|given|present)|abstract (?:missing|unavailable|removed)"
    r"|(?:нет аннотации|аннотация отсутствует|без аннотации|kein abstract|keine zusammenfassung|pas de résumé"
    r"|résumé non disponible|sin resumen|sem resumo))"
)
NOTICE = re.compile(
    r"(?:(?:this|the) (?:\w+ )?(?:paper|article|manuscript|submission|preprint|work|version|note|document)"
    r" (?:has been|have been|was|is|had to be|is being) (?:\w+ )?(?:withdrawn|retracted|removed|superseded)\b"
    r"|(?:paper|article|manuscript|submission|preprint) (?:has been )?(?:withdrawn|retracted)\b"
    r"|withdrawn (?:by|due|because|from|paper|article)\b|(?:retracted|withdrawn)[:.]? (?:paper|article)?$"
    r"|(?:the |this )?authors? (?:has|have) withdrawn\b|retraction notice|erratum not available)"
)
LONGEST_MISSING, LONGEST_NOTICE = 80, 300  # characters: what is longer speaks of something else as well


def is_placeholder(part: str) -> bool:
    """Whether a plain title or abstract says only that there is none."""
    if len(part) > LONGEST_NOTICE:
        return False
    text = part.strip(" \t\r\n.:;!*\"'[](){}<>-–—_/\\|").lower()
    if not text or text in EXACT:
        return bool(text) or 0 < len(part) <= 5
    return bool((len(text) <= LONGEST_MISSING and NO_ABSTRACT.match(text)) or NOTICE.match(text))
