"""The slider "How sure should this list be?" and what is under "Advanced", of the article and of the file tab alike."""

from __future__ import annotations

import gradio as gr

from spheres.inference.service import Service
from spheres.model.prediction_sets import DEFAULT_RULE, DEFAULT_THRESHOLD, MAX_THRESHOLD, MIN_THRESHOLD, RULES
from spheres.model.prior import ARXIV, PRIORS, Prior
from spheres.web.i18n import Language
from spheres.web.render import meaning_html, rule_names, sentence_html


def build_slider(language: Language, prefix: str = "") -> gr.Slider:
    """The threshold in percent, a number that every language writes alike; `prefix` tells two on one page apart."""
    return gr.Slider(
        round(100 * MIN_THRESHOLD),
        round(100 * MAX_THRESHOLD),
        round(100 * DEFAULT_THRESHOLD),
        step=1,
        label=language.gettext("How sure should this list be?"),
        elem_id=f"{prefix}threshold",
        elem_classes="threshold",
        buttons=[],
    )


def meaning(
    service: Service,
    language: Language,
    threshold: float = DEFAULT_THRESHOLD,
    rule: str | None = DEFAULT_RULE,
    prior: str | None = ARXIV.name,
    view: str = "both",
) -> str:
    """What the slider's position means, as markup: measured on articles with these parts and this prior.

    What a file's own prior gives was not measured.
    """
    rule = known_rule(rule)
    measured = None
    if prior != "file":
        measured = service.classifier.measured.at(view, rule, threshold, known_prior(prior))
    return meaning_html(threshold, rule, measured, language)


def known_rule(rule: str | None) -> str:
    """The rule that is chosen; the default for what is none.

    >>> known_rule("sum"), known_rule(None)
    ('sum', 'coverage')
    """
    return rule if rule in RULES else DEFAULT_RULE


def known_prior(prior: str | None) -> Prior:
    """The prior of the name that is chosen; arXiv's for what is none, such as a file's own before it is estimated.

    >>> known_prior("equal").name, known_prior("file").name
    ('equal', 'arxiv')
    """
    return PRIORS.get(str(prior), ARXIV)


def build_advanced(priors: dict[str, str], language: Language, prefix: str = "") -> tuple[gr.Radio, gr.Radio]:
    """Out of sight until asked for: what the slider's number means, and how frequent the spheres are.

    Args:
        priors: prior -> its name; the first is chosen.
        language: the page's.
        prefix: tells two on one page apart.
    """
    _ = language.gettext
    with gr.Accordion(_("Advanced"), open=False, elem_id=f"{prefix}advanced", elem_classes="advanced"):
        choices = [(name, rule) for rule, name in rule_names(language).items()]
        label = _("What the number says")
        rule = gr.Radio(choices, value=DEFAULT_RULE, label=label, elem_id=f"{prefix}rule", elem_classes="rule")
        example = _(
            "Adding up: the most probable spheres are listed until their probabilities reach the number. Of 71%, 21% "
            "and 5%, the number 95 lists all three, and 90 the first two."
        )
        gr.HTML(sentence_html(example), apply_default_css=False)
        choices = [(name, prior) for prior, name in priors.items()]
        label = _("Spheres among your articles")
        prior = gr.Radio(choices, value=ARXIV.name, label=label, elem_id=f"{prefix}prior", elem_classes="rule")
    return rule, prior
