r"""What dirt in a text costs: test articles as exporters, PDFs and web pages spoil them, with and without `plain`.

    python -m benchmarks dirt --corpus FILE      # ten minutes on two cores

Every kind of dirt is made here from clean titles and abstracts. A figure is the share of articles whose most probable
sphere is another one than that of the clean text; "without" joins blanks and does nothing else. For placeholders it is
the share whose primary sphere is in the set at 0.95, by the rule "coverage".
"""

import html
import random
import re
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from benchmarks.articles import corpus_file
from benchmarks.precision import texts_of
from benchmarks.table import Table
from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text, plain, without_placeholders
from spheres.embeddings.cache import open_cache
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED
from spheres.inference.classifier import Classification, Classifier
from spheres.model.bundle import Bundle
from spheres.model.head_files import ARTIFACTS

N_ARTICLES, N_TITLES = 150, 1000
PLACEHOLDERS = ("[No abstract available]", "NA", "None", "-", "This paper has been withdrawn by the author.")

Dirt = Callable[[str, random.Random], str]


def words(text: str, change: Callable[[str], str], each: int = 1) -> str:
    """The text with every so many-th word of four letters or more changed; formulas stay."""
    count = iter(range(len(text)))
    return re.sub(
        r"\$[^$]*\$|(?<![\\{\w])[A-Za-z]{4,}(?!\w)",
        lambda word: word[0] if word[0].startswith("$") or next(count) % each else change(word[0]),
        text,
    )


def styled(text: str, upper: int, lower: int) -> str:
    """Latin letters in a mathematical alphabet that begins with these code points."""
    return re.sub(
        "[A-Z]", lambda c: chr(upper + ord(c[0]) - 65), re.sub("[a-z]", lambda c: chr(lower + ord(c[0]) - 97), text)
    )


def lines(text: str, width: int = 70, hyphens: bool = False) -> list[str]:
    """Lines of a PDF's column, cut between words, or within one that is long enough."""
    out, line = [], ""
    for word in text.split():
        if len(line) + len(word) + 1 > width:
            half = len(word) // 2
            if hyphens and len(word) > 7 and word.isalpha() and word.islower():
                out.append(f"{line} {word[:half]}-".strip())
                line = word[half:]
                continue
            out.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*out, line]


def mojibake(text: str, table: str = "cp1252", times: int = 1) -> str:
    """UTF-8 read by another table; bytes that Windows has no character for stay controls, as browsers read them."""
    for _ in range(times):
        text = "".join(bytes([byte]).decode(table, "ignore") or chr(byte) for byte in text.encode())
    return text


def typographic(text: str) -> str:
    """With dashes, apostrophes and an accent or two, as publishers set it."""
    text = re.sub(r"(?<=[a-z])e(?=[a-z]{3})", "é", text, count=2)
    return re.sub(r"(?<=\w)-(?=\w)", "–", re.sub(r"(?<=\w)'(?=\w)", "’", text))


def sections(text: str) -> str:
    sentences = re.split(r"(?<=[.!?]) ", text)
    third = max(1, len(sentences) // 3)
    parts = (" ".join(part) for part in (sentences[:third], sentences[third : 2 * third], sentences[2 * third :]))
    titled = zip(("Background", "Methods", "Results and Conclusions"), parts, strict=True)
    return "".join(f"<jats:sec><jats:title>{t}</jats:title><jats:p>{p}</jats:p></jats:sec>" for t, p in titled)


AUTHORS = "Smith, J. A., Müller, K., van der Berg, P. and Rossi, M."
FULL_AUTHORS = "John A. Smith, Karin Müller, Pieter van der Berg and Maria Rossi"
PAGE = f"{FULL_AUTHORS}\nDepartment of Physics, University of Somewhere, 12345 Town\njohn@somewhere.edu\nAbstract\n"
MATHML = "<mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math>"
COPYRIGHT = "© 2019 Elsevier B.V. All rights reserved."
LOOKALIKES = str.maketrans("aceopxy", "асеорху")

# kind -> how it is made; each is undone unless its name is in BEYOND
KINDS: dict[str, Dirt] = {
    "`{W}ord` braces": lambda t, r: words(t, lambda w: f"{{{w[0]}}}{w[1:]}"),
    "`{Word}` braces": lambda t, r: words(t, lambda w: f"{{{w}}}", 2),
    "`{{The whole text}}`": lambda t, r: f"{{{{{t}}}}}",
    "bold letters": lambda t, r: words(t, lambda w: styled(w, 0x1D400, 0x1D41A)),
    "sans-serif letters": lambda t, r: words(t, lambda w: styled(w, 0x1D5A0, 0x1D5BA)),
    "monospaced letters": lambda t, r: words(t, lambda w: styled(w, 0x1D670, 0x1D68A)),
    "full-width letters": lambda t, r: words(t, lambda w: styled(w, 0xFF21, 0xFF41)),
    "mojibake, Windows": lambda t, r: mojibake(typographic(t)),
    "mojibake, Latin-1": lambda t, r: mojibake(typographic(t), "latin-1"),
    "mojibake, twice": lambda t, r: mojibake(typographic(t), times=2),
    "ligatures": lambda t, r: t.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ").replace("ff", "ﬀ"),
    "soft hyphens": lambda t, r: words(t, lambda w: f"{w[:3]}\u00ad{w[3:]}"),
    "zero-width blanks": lambda t, r: words(t, lambda w: f"{w[:2]}\u200b{w[2:]}"),
    "Cyrillic lookalikes": lambda t, r: words(t, lambda w: w[0] + w[1:].translate(LOOKALIKES), 2),
    "HTML tags": lambda t, r: "<p>" + words(t, lambda w: f"<i>{w}</i>", 3) + "</p>",
    "HTML, escaped": lambda t, r: html.escape("<p>" + words(t, lambda w: f"<i>{w}</i>", 3) + "</p>"),
    "HTML, escaped twice": lambda t, r: html.escape(html.escape("<p>" + words(t, lambda w: f"<b>{w}</b>", 3) + "</p>")),
    "numeric entities": lambda t, r: words(t, lambda w: f"&#{ord(w[0])};{w[1:]}", 2),
    "JATS paragraph": lambda t, r: f'<jats:title>Abstract</jats:title><jats:p xml:lang="en">{t}</jats:p>',
    "JATS sections": lambda t, r: sections(t),
    "MathML": lambda t, r: words(t, lambda w: f"{w} {MATHML}", 12),
    "LaTeX commands": lambda t, r: words(t, lambda w: rf"\textbf{{{w}}}", 3),
    "LaTeX switches": lambda t, r: words(t, lambda w: rf"{{\it {w}}}", 3),
    "LaTeX accents": lambda t, r: words(t, lambda w: re.sub("e", r"\\'{e}", w, count=1), 3),
    "LaTeX environment": lambda t, r: rf"\begin{{abstract}} {t} \end{{abstract}}",
    "citations and labels": lambda t, r: words(t, lambda w: rf"{w}~\cite{{smith2019}}", 5),
    "ties and ``quotes''": lambda t, r: words(t, lambda w: f"``{w}''", 4).replace(" of ", " of~"),
    "hyphenated lines": lambda t, r: "\n".join(lines(t, 45, hyphens=True)),
    "hyphenated lines, joined": lambda t, r: " ".join(lines(t, 45, hyphens=True)),
    "line numbers": lambda t, r: "\n".join(f"{n} {line}" for n, line in enumerate(lines(t, 45), 17)),
    "line numbers, joined": lambda t, r: " ".join(f"{n} {line}" for n, line in enumerate(lines(t, 45), 117)),
    '"Abstract—" in front': lambda t, r: f"Abstract—{t}",
    '"ABSTRACT" above': lambda t, r: f"ABSTRACT\n\n{t}",
    "arXiv's stamp": lambda t, r: f"arXiv:1706.03762v5 [cs.CL] 6 Dec 2017 {t}",
    "arXiv's number": lambda t, r: f"[1706.03762] {t}",
    "copyright behind": lambda t, r: f"{t.rstrip('.')}. {COPYRIGHT}",
    "authors in front": lambda t, r: f"{AUTHORS} {t}",
    "authors, address, Abstract": lambda t, r: PAGE + t,
    "capitals": lambda t, r: t.upper(),
    "lost ligatures": lambda t, r: re.sub("ffi|fi|fl|ff", "", t),
    "lost blanks": lambda t, r: re.sub(" ", lambda blank: "" if r.random() < 0.15 else " ", t),
    "spaced letters": lambda t, r: words(t, " ".join, 4),
}  # fmt: skip
BEYOND = ("lost ligatures", "lost blanks", "spaced letters")  # what was lost nobody knows
ABSTRACTS_ONLY = ("line numbers", "line numbers, joined", "authors, address, Abstract")  # no title has four lines
# Where the dirt stands for something that the clean text has not: kind -> what it is to become
INTENDED: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("mojibake, Windows", "mojibake, Latin-1", "mojibake, twice"), typographic),
    "MathML": lambda t: words(t, lambda w: f"{w} $x^2$", 12),
    "LaTeX accents": lambda t: words(t, lambda w: w.replace("e", "é", 1), 3),
    "ties and ``quotes''": lambda t: words(t, lambda w: f'"{w}"', 4),
}


def run(corpus: Path | None, quick: bool) -> Table:
    cache = open_cache(ARTIFACTS / BUNDLED.name)
    classifier = Classifier(Encoder.load(BUNDLED, "fp32"), Bundle.load(cache.folder))
    rows = cache.split["test"]
    n = N_ARTICLES // 10 if quick else N_ARTICLES
    rows = rows[:: max(1, len(rows) // (n if quick else N_TITLES))]
    texts = texts_of(corpus_file(corpus), [cache.ids[row] for row in rows])
    chosen = texts[:: max(1, len(texts) // n)][:n]
    answered: dict[Text, str] = {}
    table = Table("dirt", ("both, without", "both, with", "title, without", "title, with", "can be undone"))
    worst = 0.0
    for kind, make in tqdm(KINDS.items(), unit="kind", disable=False):
        cells: list[float] = []
        intended = INTENDED.get(kind, joined)
        for whole in (True, False) if kind not in ABSTRACTS_ONLY else (True,):
            originals = [text if whole else Text(text.title, "") for text in chosen]
            clean = tops(classifier, [Text(*map(intended, text)) for text in originals], answered)
            dirty = [Text(*(make(part, random.Random(0)) if part else "" for part in text)) for text in originals]
            for undo in (joined, plain):
                found = tops(classifier, [Text(*map(undo, text)) for text in dirty], answered)
                cells.append(100 * sum(a != b for a, b in zip(found, clean, strict=True)) / len(clean))
        undone = kind not in BEYOND
        worst = max(worst, *(cells[1::2] if undone else [0.0]))
        table.add(kind, *(f"{cell:.1f} %" for cell in cells), *[""] * (4 - len(cells)), "yes" if undone else "no")
    primary = [GROUPS[i] for i in cache.primary[rows]]
    titles = [Text(text.title, "") for text in texts]
    table.add("title alone: coverage", "", "", f"{coverage(classifier, titles, primary):.3f}", "", "")
    for placeholder in PLACEHOLDERS:
        given = [Text(text.title, placeholder) for text in titles]
        shares = (coverage(classifier, read, primary) for read in (given, [without_placeholders(t) for t in given]))
        table.add(f"title and `{placeholder}`: coverage", *(f"{share:.3f}" for share in shares), "", "", "yes")
    table.ratios["2 % over the worst kind that can be undone"] = 2 / max(worst, 0.1)
    table.notes.append(f"{len(chosen):,} test articles, in fp32; coverage on {len(titles):,} titles.")
    return table


def joined(part: str) -> str:
    """What was done before: single blanks, and nothing else."""
    return " ".join(part.encode("utf-8", "replace").decode("utf-8").split())


def tops(classifier: Classifier, texts: list[Text], answered: dict[Text, str]) -> list[str]:
    """Each text's most probable group; what was asked before is remembered."""
    new = list(dict.fromkeys(text for text in texts if text not in answered))
    answered.update(zip(new, (answer.ranked()[0][0] for answer in in_batches(classifier, new)), strict=True))
    return [answered[text] for text in texts]


def in_batches(classifier: Classifier, texts: list[Text], size: int = 64) -> list[Classification]:
    return [answer for i in range(0, len(texts), size) for answer in classifier.classify_many(texts[i : i + size])]


def coverage(classifier: Classifier, texts: list[Text], primary: list[str]) -> float:
    answers = in_batches(classifier, texts)
    return sum(p in a.predict_set(0.95, "coverage") for a, p in zip(answers, primary, strict=True)) / len(texts)
